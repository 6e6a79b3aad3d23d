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
    document.addEventListener("change", function (event) {
        const place = document.querySelector("[data-chosen]");
        if (!place || !event.target.matches("input[type=file][multiple]")) { return; }
        place.textContent = Array.from(event.target.files, function (file) { return file.name; }).join(", ");
        place.hidden = event.target.files.length < 2;
    });
    window.addEventListener("pageshow", function () {
        document.querySelectorAll("form[data-once] button").forEach(function (button) { button.disabled = false; });
    });
}());
