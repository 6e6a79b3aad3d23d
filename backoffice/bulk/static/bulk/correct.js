// The grid of wrong rows: a changed cell is stored and checked as soon as it is left.
// Without this script the form does the same for all cells at once.
(function () {
    "use strict";

    const WRONG = "[aria-invalid=true]";

    // A row that is wrong as a whole has no wrong cell: its first one stands for it.
    function isStop(cell) {
        const row = cell.closest("[data-line]");
        return cell.matches(WRONG) || (row.matches(".is-wrong") && !row.querySelector(WRONG) && cell === row.querySelector("[data-place]"));
    }

    function list(place, messages) {
        place.replaceChildren(...messages.map(function (message) {
            const item = document.createElement("li");
            item.textContent = message;
            return item;
        }));
    }

    function cellsOf(row) { return Array.from(row.querySelectorAll("[data-place]")); }

    function was(row) { return row.querySelector("[name^=was-]"); }

    function oneForm(text) { return (text || "").replace(/\r\n?/g, "\n"); }

    function isChanged(row, cell) {
        return oneForm(JSON.parse(was(row).value)[cell.dataset.place]) !== oneForm(cell.value);
    }

    function showCell(cell, now, isUntouched) {
        if (isUntouched && cell !== document.activeElement) { cell.value = now.text; }
        cell.toggleAttribute("aria-invalid", false);
        if (now.messages.length) { cell.setAttribute("aria-invalid", "true"); }
        cell.classList.toggle("is-corrected", now.is_corrected);
        list(document.getElementById(cell.name + "-errors"), now.messages);
    }

    function showRow(form, row, now) {
        cellsOf(row).forEach(function (cell) {
            const cellNow = now.cells[cell.dataset.place];
            if (cellNow) { showCell(cell, cellNow, !isChanged(row, cell)); }
        });
        was(row).value = now.texts;
        list(row.querySelector("[data-errors]"), now.messages);
        const lengthen = row.querySelector("[name=lengthen]");
        if (lengthen) { lengthen.hidden = !now.messages.length; }
        row.classList.toggle("is-wrong", now.is_wrong);
        row.querySelector("[data-state]").textContent = now.is_wrong ? form.dataset.wrong : form.dataset.right;
    }

    function show(form, answer) {
        answer.rows.forEach(function (now) {
            const row = form.querySelector("[data-line='" + now.key + "']");
            if (row) { showRow(form, row, now); }
        });
        form.querySelector("[data-count]").textContent = answer.wrong;
        document.querySelector("[data-done]").hidden = !answer.is_done;
        // Rows that had no place on the page, and rows that another correction made wrong.
        const isOnPage = form.querySelector("tr.is-wrong");
        if (answer.wrong && !isOnPage) { window.location.reload(); }
        if (!answer.wrong && !answer.is_done) { refuse(answer.sentence); }
    }

    function refuse(sentence) {
        const box = document.querySelector("[data-refusal]");
        box.hidden = !sentence;
        box.querySelector("p").textContent = sentence || "";
    }

    async function send(form, row, body) {
        const state = row.querySelector("[data-state]");
        state.textContent = form.dataset.checking;
        const shown = Array.from(form.querySelectorAll("[data-line]"), function (each) { return each.dataset.line; });
        body.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
        body.append(was(row).name, was(row).value);
        body.append("shown", shown.join());
        try {
            const answer = await fetch(window.location.pathname, { method: "POST", body: body, credentials: "same-origin", headers: { Accept: "application/json" } });
            const content = await answer.json();
            if (answer.ok) { refuse(""); show(form, content); } else { refuse(content.sentence); }
            if (!answer.ok || !form.hasAttribute("data-at-once")) { state.textContent = form.dataset.open; }
        } catch {
            refuse(form.dataset.lost);
            state.textContent = form.dataset.open;
        }
    }

    function go(form, cell, event) {
        if (event.key !== "Tab" && event.key !== "Enter" && event.key !== "ArrowUp" && event.key !== "ArrowDown") { return; }
        if (cell.tagName === "TEXTAREA" && event.key !== "Tab") { return; }
        const isBack = event.shiftKey || event.key === "ArrowUp";
        let cells = Array.from(form.querySelectorAll(event.key === "Tab" ? "[data-place], [name=lengthen]:not([hidden])" : "[data-place]"));
        if (event.key.startsWith("Arrow")) {
            cells = cells.filter(function (each) { return each.dataset.place === cell.dataset.place; });
        } else {
            cells = cells.filter(function (each) { return each === cell || !each.dataset.place || isStop(each); });
        }
        const next = cells[cells.indexOf(cell) + (isBack ? -1 : 1)];
        if (next) { event.preventDefault(); next.focus(); if (next.select) { next.select(); } return; }
        if (event.key === "Enter") { event.preventDefault(); cell.blur(); cell.focus(); }
    }

    document.addEventListener("DOMContentLoaded", function () {
        const form = document.querySelector("[data-correct]");
        if (!form) { return; }
        let queue = Promise.resolve();  // one after the other: each waits for the reading before it
        form.addEventListener("focusout", function (event) {
            const cell = event.target, row = cell.closest("[data-line]");
            if (!cell.dataset || !cell.dataset.place) { return; }
            queue = queue.then(function () {
                if (!isChanged(row, cell)) { return undefined; }
                const body = new FormData();
                body.append(cell.name, cell.value);
                return send(form, row, body);
            });
        });
        form.addEventListener("keydown", function (event) {
            if (event.target.dataset.place) { go(form, event.target, event); }
        });
        const first = Array.from(form.querySelectorAll("[data-place]")).find(isStop);
        if (first) { first.focus(); first.select(); }
    });
}());
