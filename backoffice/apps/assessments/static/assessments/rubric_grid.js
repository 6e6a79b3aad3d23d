// The grid of a rubric: keys, moving and copying of rows, checks and the preview while typing.
// The server checks all of it again; without this script the page works, with more clicks.
"use strict";
(() => {
    const form = document.getElementById("rubric-grid");
    if (!form || !form.dataset.canEdit) return;
    document.documentElement.classList.add("has-script");
    const body = document.getElementById("rubric-rows");
    const preview = document.getElementById("rubric-preview");
    const texts = JSON.parse(document.getElementById("rubric-sentences").textContent);
    const rowsOf = () => [...body.querySelectorAll("tr.rubric-row")];
    const blank = rowsOf().at(-1).cloneNode(true);
    let next = 1000; // numbers of rows that this page adds

    // Points as hundredths: sums of them are exact.
    const NUMBER = /^-?[0-9]{1,7}(\.[0-9]{1,7})?$/;
    const hundredths = (text) => Math.round(Number(text) * 100);
    const plain = (value) => String(value / 100);

    function cell(row, name) {
        return row.querySelector(`:scope > td.rubric-criterion [data-field="${name}"]`);
    }

    function levelsOf(row) {
        return [...row.querySelectorAll("td.rubric-level")].map((place) => {
            const at = (name) => place.querySelector(`[data-field="${name}"]`);
            return { title: at("title"), points: at("points"), description: at("description") };
        }).filter((each) => [each.title, each.points, each.description].some((at) => at.value.trim()));
    }

    const flag = (row, name) => row.querySelector(`input[name$="-${name}"]`).checked;
    const isEmpty = (row) => !levelsOf(row).length
        && !["title", "max_points", "description"].some((name) => cell(row, name).value.trim());
    const lasting = () => rowsOf().filter((row) => !flag(row, "remove") && !isEmpty(row));

    // Checks, with the words of the server.
    function pointsError(input) {
        const text = input.value.trim();
        if (!text) return texts.required;
        if (NUMBER.test(text)) return "";
        return NUMBER.test(text.replace(",", ".")) ? texts.comma : texts.notPoints;
    }

    function mark(input, message) {
        const given = input.parentElement.querySelector(`.rubric-error[data-of="${input.id}"]`);
        if (given) given.remove();
        // What the server said is about the text before this one.
        while (input.nextElementSibling?.matches(".rubric-error:not([data-of])")) {
            input.nextElementSibling.remove();
        }
        input.toggleAttribute("aria-invalid", false);
        if (!message) return;
        input.setAttribute("aria-invalid", "true");
        const note = document.createElement("span");
        note.className = "rubric-error";
        note.dataset.of = input.id;
        note.textContent = message;
        input.after(note);
    }

    function best(levels) {
        const known = levels.filter((each) => !pointsError(each.points));
        return known.length ? Math.max(...known.map((each) => hundredths(each.points.value))) : null;
    }

    function mostOf(row) {
        const input = cell(row, "max_points");
        if (!input.value.trim()) return best(levelsOf(row));
        return pointsError(input) ? null : hundredths(input.value);
    }

    function checkRow(row) {
        const input = cell(row, "max_points"), levels = levelsOf(row), most = mostOf(row);
        const isBlank = !input.value.trim() && best(levels) !== null;
        const wrong = isBlank ? "" : pointsError(input);
        mark(input, wrong || (most !== null && most <= 0 ? texts.notPositive : ""));
        mark(cell(row, "title"), cell(row, "title").value.trim() ? "" : texts.blank);
        const titles = new Set();
        for (const level of levels) {
            const title = level.title.value.trim().replace(/\s+/g, " ");
            mark(level.title, !title ? texts.blank : titles.has(title) ? texts.taken : "");
            titles.add(title);
            const points = hundredths(level.points.value);
            const refused = pointsError(level.points)
                || (points < 0 ? texts.negative : "")
                || (most !== null && points > most ? texts.above : "");
            mark(level.points, refused);
        }
    }

    function total() {
        const adding = lasting().filter((row) => !flag(row, "is_deduction"));
        return adding.reduce((sum, row) => sum + (mostOf(row) || 0), 0);
    }

    function showTotals() {
        const sum = total();
        document.getElementById("rubric-total").textContent = plain(sum);
        for (const item of document.querySelectorAll("#rubric-totals [data-maximum]")) {
            const maximum = item.dataset.maximum;
            const message = texts.totals.replace("%(points)s", plain(sum)).replace("%(maximum)s", maximum);
            const isEqual = hundredths(maximum) === sum;
            item.querySelector(".rubric-total-message").textContent = isEqual ? "" : message;
        }
    }

    // As the grader sees it.
    function element(name, className, text) {
        const made = document.createElement(name);
        made.className = className;
        made.textContent = text || "";
        return made;
    }

    function labelOf(level, lower, hasRanges) {
        const points = level.points.value.trim();
        const isRange = hasRanges && lower && Number(lower.points.value) !== Number(points);
        const span = isRange
            ? texts.range.replace("%(most)s", points).replace("%(below)s", lower.points.value.trim())
            : points;
        return `${level.title.value} (${span})`;
    }

    function previewOf(row) {
        const card = element("article", "border border-base-200 p-4 rounded-default dark:border-base-800");
        const most = mostOf(row);
        const ending = flag(row, "is_deduction") ? ` – ${texts.deducts}` : "";
        const important = "text-font-important-light dark:text-font-important-dark";
        const head = element("h4", `break-words font-semibold ${important}`);
        head.textContent = `${cell(row, "title").value} (${most === null ? "–" : plain(most)})${ending}`;
        const levels = levelsOf(row).sort((a, b) => Number(b.points.value) - Number(a.points.value));
        const list = element("ul", "rubric-choices");
        levels.forEach((level, at) => {
            const item = element("li", "border border-base-200 rounded-default dark:border-base-800");
            const label = labelOf(level, levels[at + 1], flag(row, "has_ranges"));
            item.append(element("strong", "font-medium", label));
            item.append(element("span", "rubric-text", level.description.value));
            list.append(item);
        });
        card.append(head, element("p", "rubric-text", cell(row, "description").value), list);
        return card;
    }

    function refresh(row) {
        if (row && !isEmpty(row) && !flag(row, "remove")) checkRow(row);
        showTotals();
        const cards = lasting().map(previewOf);
        preview.replaceChildren(...(cards.length ? cards : [element("p", "", texts.noCriteria)]));
    }

    // Rows.
    function renumber() {
        rowsOf().forEach((row, at) => {
            row.querySelector('input[name$="-place"]').value = at + 1;
        });
    }

    function newRow(source) {
        const row = blank.cloneNode(true), old = row.dataset.row, name = `criterion-${next++}`;
        row.dataset.row = name;
        for (const each of row.querySelectorAll("[name], [id], [value]")) {
            for (const attribute of ["name", "id", "value"]) {
                const text = each.getAttribute(attribute);
                if (text === old || text?.startsWith(`${old}-`)) {
                    each.setAttribute(attribute, text.replace(old, name));
                }
            }
        }
        if (source) copyInto(row, source);
        return row;
    }

    function copyInto(row, source) {
        const from = source.querySelectorAll("[data-field], .rubric-criterion input[type=checkbox]");
        const into = row.querySelectorAll("[data-field], .rubric-criterion input[type=checkbox]");
        into.forEach((each, at) => {
            if (!from[at]) return;
            if (each.type === "checkbox") each.checked = from[at].checked;
            else each.value = from[at].value;
        });
        cell(row, "title").value = texts.copy.replace("%(title)s", cell(source, "title").value);
    }

    function move(row, by) {
        const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
        if (!other) return;
        const focused = document.activeElement;
        if (by < 0) other.before(row); else other.after(row);
        renumber();
        refresh();
        if (row.contains(focused)) focused.focus();
        row.scrollIntoView({ block: "nearest" });
    }

    body.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (!button) return;
        const row = button.closest("tr");
        if (button.dataset.move) move(row, Number(button.dataset.move));
        if (button.name === "duplicate") {
            event.preventDefault();
            const copy = newRow(row);
            copyInto(copy, row);
            row.after(copy);
            renumber();
            refresh(copy);
            cell(copy, "title").focus();
        }
    });

    document.getElementById("rubric-add").addEventListener("click", (event) => {
        event.preventDefault();
        const row = newRow();
        body.append(row);
        renumber();
        cell(row, "title").focus();
    });

    // Dragging begins at the handle.
    let dragged = null;
    const clear = () => rowsOf().forEach((row) => row.classList.remove("is-target", "is-dragged"));
    body.addEventListener("dragstart", (event) => {
        const handle = event.target.closest?.(".rubric-handle");
        if (!handle) return;
        dragged = handle.closest("tr");
        dragged.classList.add("is-dragged");
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", "");
        event.dataTransfer.setDragImage(dragged, 0, 0);
    });
    body.addEventListener("dragover", (event) => {
        const row = event.target.closest("tr.rubric-row");
        if (!dragged || !row) return;
        event.preventDefault();
        rowsOf().forEach((each) => each.classList.toggle("is-target", each === row && row !== dragged));
    });
    body.addEventListener("drop", (event) => {
        const row = event.target.closest("tr.rubric-row");
        if (!dragged || !row || row === dragged) return;
        event.preventDefault();
        const rows = rowsOf();
        if (rows.indexOf(dragged) < rows.indexOf(row)) row.after(dragged); else row.before(dragged);
        renumber();
        refresh();
        cell(dragged, "title").focus();
    });
    body.addEventListener("dragend", () => { dragged = null; clear(); });

    // Keys. Cells of one field stand below each other, row by row.
    function below(at, by) {
        const row = at.closest("tr"), place = [...row.querySelectorAll(".rubric-cell")].indexOf(at);
        let other = row;
        do other = by > 0 ? other.nextElementSibling : other.previousElementSibling;
        while (other && !other.querySelector(".rubric-cell"));
        return other?.querySelectorAll(".rubric-cell")[place];
    }

    function aside(at, by) {
        const cells = [...body.querySelectorAll(".rubric-cell")];
        return cells[cells.indexOf(at) + by];
    }

    function go(event, target) {
        if (!target) return;
        event.preventDefault();
        target.focus();
        if (target.select) target.select();
    }

    function isAtEdge(at, key) {
        const { selectionStart: start, selectionEnd: end, value } = at;
        if (key === "ArrowLeft") return end === 0;
        if (key === "ArrowRight") return start === value.length;
        if (at.tagName === "INPUT") return true;
        return key === "ArrowUp" ? !value.slice(0, start).includes("\n") && end === 0
            : start === value.length;
    }

    const STEPS = { ArrowUp: [below, -1], ArrowDown: [below, 1], ArrowLeft: [aside, -1], ArrowRight: [aside, 1] };
    body.addEventListener("keydown", (event) => {
        const at = event.target.closest(".rubric-cell");
        if (!at || event.isComposing) return;
        if (event.key === "Enter") {
            if (event.ctrlKey || event.metaKey) { event.preventDefault(); form.requestSubmit(); return; }
            if (event.shiftKey) { if (at.tagName === "INPUT") go(event, below(at, -1)); return; }
            event.preventDefault();
            go(event, below(at, 1));
            return;
        }
        const step = STEPS[event.key];
        if (!step || event.ctrlKey || event.metaKey) return;
        if (event.altKey && event.shiftKey) {
            if (step[0] === below) { event.preventDefault(); move(at.closest("tr"), step[1]); }
            return;
        }
        const isSelected = at.selectionStart !== at.selectionEnd && at.selectionEnd === at.value.length
            && at.selectionStart === 0;
        if (event.shiftKey || !(event.altKey || isSelected || isAtEdge(at, event.key))) return;
        go(event, step[0](at, step[1]));
    });

    body.addEventListener("input", (event) => {
        const row = event.target.closest("tr.rubric-row");
        if (event.target.name?.endsWith("-place")) return;
        row.classList.toggle("is-removed", flag(row, "remove"));
        refresh(row);
    });
    // A place typed by hand moves the row when the cell is left.
    body.addEventListener("change", (event) => {
        if (!event.target.name?.endsWith("-place")) return;
        const row = event.target.closest("tr"), rows = rowsOf().filter((each) => each !== row);
        const place = Number.parseInt(event.target.value, 10);
        if (place > 0) {
            const before = rows[place - 1];
            if (before) before.before(row); else body.append(row);
        }
        renumber();
        refresh();
    });
    rowsOf().forEach((row) => row.classList.toggle("is-removed", flag(row, "remove")));
    refresh();
})();
