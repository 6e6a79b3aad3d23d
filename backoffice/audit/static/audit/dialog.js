// A dialog that somebody else overtook comes back with status 409. htmx shows no such answer unasked.
document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status === 409 && event.detail.target.id === "dialog-form") {
        event.detail.shouldSwap = true;
        event.detail.isError = false;
    }
});
