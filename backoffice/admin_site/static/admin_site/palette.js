// Enter in the palette opens the row that is chosen; without one the theme's script would fail.
document.addEventListener("keydown", (event) => {
    const isAsked = event.key === "Enter" && event.target.id === "search-input-command";
    if (isAsked && !document.querySelector("#command-results-list li")) {
        event.preventDefault();
        event.stopPropagation();
    }
}, true);
