// A file that is worked on: show how far it is, and then what came of it.
// Applying: one click, one request, and something that moves while it lasts.
(function () {
    "use strict";

    function show(box, progress) {
        const bar = box.querySelector("[data-bar]");
        bar.style.width = progress.percent + "%";
        bar.parentElement.setAttribute("aria-valuenow", progress.percent);
        box.querySelectorAll("[data-field]").forEach(function (place) {
            place.textContent = progress[place.dataset.field];
        });
    }

    async function follow(box) {
        let progress = { working: true };
        try {
            const answer = await fetch(box.dataset.progress, { credentials: "same-origin" });
            if (answer.ok) { progress = await answer.json(); show(box, progress); }
        } catch { /* The server is away for a moment; ask again. */ }
        if (!progress.working) { window.location.reload(); return; }
        setTimeout(follow, 700, box);
    }

    document.addEventListener("DOMContentLoaded", function () {
        const box = document.querySelector("[data-progress]");
        if (box) { follow(box); }
        document.querySelectorAll("form[data-once]").forEach(function (form) {
            form.addEventListener("submit", function () {
                document.querySelectorAll("form[data-once] button").forEach(function (button) { button.disabled = true; });
                const busy = document.querySelector("[data-busy]");
                if (busy) { busy.hidden = false; }
            });
        });
    });
    function size(bytes) {
        return bytes < 1e6 ? Math.max(1, Math.round(bytes / 1e3)) + " kB" : (bytes / 1e6).toFixed(1) + " MB";
    }

    function listChosen(input) {
        const place = input.closest(".bulk-file").querySelector("[data-chosen]");
        place.replaceChildren(...Array.from(input.files, function (file) {
            const item = document.createElement("li"), name = document.createElement("bdi");
            name.textContent = file.name;
            item.append(name, " · " + size(file.size));
            return item;
        }));
        place.hidden = !input.files.length;
    }

    // What is folded away says what is true now.
    function sayNow(input) {
        const place = document.querySelector("[data-now='" + input.id + "']");
        if (!place) { return; }
        const words = place.dataset;
        let now = input.value || words.blank;
        if (input.type === "checkbox") { now = input.checked ? words.on : words.off; }
        if (input.tagName === "SELECT") { now = input.selectedOptions[0].textContent; }
        place.querySelector("b").textContent = now;
    }

    document.addEventListener("change", function (event) {
        if (event.target.matches(".bulk-drop input")) { listChosen(event.target); }
        if (event.target.closest(".bulk-options")) { sayNow(event.target); }
    });
    ["dragover", "dragleave", "drop"].forEach(function (kind) {
        document.addEventListener(kind, function (event) {
            const place = event.target.closest && event.target.closest(".bulk-drop");
            if (place) { place.classList.toggle("is-over", kind === "dragover"); }
        });
    });
    window.addEventListener("pageshow", function () {
        // A page that the browser brings back has what was entered, and no event says so.
        document.querySelectorAll(".bulk-options [id]").forEach(sayNow);
        document.querySelectorAll("form[data-once] button").forEach(function (button) { button.disabled = false; });
    });
}());
