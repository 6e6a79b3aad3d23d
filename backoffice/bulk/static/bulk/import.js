// Reading a large file: ask for it, show how far it is, then show the preview.
// Applying: one click, one request, and something that moves while it lasts.
(function () {
    "use strict";

    function follow(box) {
        const bar = box.querySelector("[data-bar]");
        const rows = box.querySelector("[data-rows]");
        const timer = setInterval(async function () {
            const answer = await fetch(box.dataset.progress, { credentials: "same-origin" });
            if (!answer.ok) { return; }
            const told = await answer.json();
            bar.style.width = told.percent + "%";
            if (told.rows) { rows.textContent = told.rows.toLocaleString("en"); rows.parentElement.hidden = false; }
            if (!told.reading) { clearInterval(timer); window.location.reload(); }
        }, 700);
    }

    async function read(box) {
        follow(box);
        const form = box.querySelector("form");
        if (!form) { return; }
        form.hidden = true;
        await fetch(form.action, { method: "POST", body: new FormData(form), credentials: "same-origin" });
        window.location.reload();
    }

    document.addEventListener("DOMContentLoaded", function () {
        const box = document.querySelector("[data-reading]");
        if (box) { read(box); }
        document.querySelectorAll("form[data-once]").forEach(function (form) {
            form.addEventListener("submit", function () {
                document.querySelectorAll("form[data-once] button").forEach(function (button) { button.disabled = true; });
                const busy = document.querySelector("[data-busy]");
                if (busy) { busy.hidden = false; }
            });
        });
    });
    window.addEventListener("pageshow", function () {
        document.querySelectorAll("form[data-once] button").forEach(function (button) { button.disabled = false; });
    });
}());
