/* The grading desk: keys, drafts, presence, the saved comments, and going on without a new page.
   Nothing is counted with fractions: points are hundredths, as whole numbers. */
"use strict";
(() => {
    const DRAFT_AFTER = 900, PRESENT_EVERY = 60000, AHEAD_FOR = 120000;
    const byId = (id) => document.getElementById(id);
    const pane = () => byId("desk-pane");
    const form = () => byId("desk-form");
    const words = () => byId("desk-words").dataset;
    let draftTimer = 0, draftAgain = false, isSending = false, ahead = null, field = null;
    let marked = null, bank = null, drafting = Promise.resolve(), isGoing = false;
    let held = []; // the keys pressed while the next page is under way

    /* What is said at the foot of the page. */
    function announce(text) { byId("desk-status").textContent = text || ""; }

    function token() { return form().querySelector("[name=csrfmiddlewaretoken]").value; }

    async function send(part, values, options) {
        const body = new URLSearchParams(values);
        const answer = await fetch(pane().dataset.parts + part + "/", {
            method: "POST", body, redirect: "manual", headers: { "X-CSRFToken": token() }, ...options,
        });
        // A way to the login page is no answer.
        if (answer.type === "opaqueredirect" || answer.status === 0) { throw new Error("lost"); }
        return answer;
    }

    async function sendForWords(part, values) {
        try {
            const answer = await send(part, values);
            const said = await answer.json();
            return { isDone: answer.ok, ...said };
        } catch { return { isDone: false, message: words().lost }; }
    }

    /* Drafts: kept on the server soon after the last key, and once more when the page goes. */
    function typed() {
        const values = new FormData(form());
        values.delete("csrfmiddlewaretoken");
        return values;
    }
    function draftSoon() {
        if (!pane().dataset.isOpen || pane().dataset.hasDrafts === "0") { return; }
        clearTimeout(draftTimer);
        draftTimer = setTimeout(keepDraft, DRAFT_AFTER);
    }
    function keepDraft() {
        draftTimer = 0;
        if (isSending) { draftAgain = true; return; }
        drafting = sendDraft();
    }
    async function sendDraft() {
        isSending = true;
        const said = await sendForWords("draft", typed());
        isSending = false;
        announce(said.message);
        if (draftAgain) { draftAgain = false; draftSoon(); }
    }
    function keepNow() {
        if (!draftTimer || !form()) { return; }
        clearTimeout(draftTimer);
        draftTimer = 0;
        send("draft", typed(), { keepalive: true }).catch(() => {});
    }

    /* Points, in hundredths; null for what is no plain number. */
    function hundredths(text) {
        const match = /^([0-9]{1,9})(?:\.([0-9]{1,2}))?$/.exec((text || "").trim());
        return match ? Number(match[1]) * 100 + Number((match[2] || "").padEnd(2, "0")) : null;
    }
    function pointsOf(whole) {
        const rest = String(whole % 100).padStart(2, "0").replace(/0+$/, "");
        return String((whole - whole % 100) / 100) + (rest ? "." + rest : "");
    }
    // Those of answers stand beside the answers, outside the form.
    function ofTotal() { return [...form().elements].filter((each) => "ofTotal" in each.dataset); }
    // Answers give the score only where their points come to the maximum.
    function isScore() {
        const parts = ofTotal().map((each) => each.dataset.ofTotal);
        const most = hundredths(byId("desk-total").dataset.most);
        return parts.every((each) => !each) || parts.reduce((all, each) => all + hundredths(each), 0) === most;
    }
    function total() {
        const output = byId("desk-total");
        if (!output) { return; }
        const inputs = ofTotal();
        const numbers = inputs.map((each) => hundredths(each.value));
        const known = numbers.filter((each) => each !== null);
        const before = output.textContent;
        const most = hundredths(output.dataset.most);
        const sum = inputs.reduce((all, each, at) => all + (numbers[at] || 0) * ("deducts" in each.dataset ? -1 : 1), 0);
        output.textContent = known.length ? pointsOf(Math.max(0, most === null ? sum : Math.min(most, sum))) : "–";
        if (!isScore()) { return; }
        const score = byId("id_score");
        if (!score) { return; } // a peer review has none
        // The score follows the criteria until somebody types another one.
        const isFollowing = score.value === "" || score.value === before;
        if (isFollowing) { score.value = known.length === inputs.length ? output.textContent : ""; }
        override();
    }
    function override() {
        const output = byId("desk-total"), score = byId("id_score").value.trim();
        const isWhole = output && isScore() && ofTotal().every((each) => hundredths(each.value) !== null);
        const isOther = isWhole && score !== "" && hundredths(score) !== hundredths(output.textContent);
        byId("desk-override").hidden = !isOther && !byId("id_override_reason").value;
    }

    /* Criteria and levels. */
    const criteria = () => [...document.querySelectorAll("#desk-form .desk-criterion")];
    function current() {
        const holder = document.activeElement && document.activeElement.closest(".desk-criterion");
        return holder || criteria().find((each) => each.classList.contains("is-current")) || criteria()[0];
    }
    function moveTo(criterion, isFollowed = true) {
        if (!criterion) { return; }
        criteria().forEach((each) => each.classList.toggle("is-current", each === criterion));
        criterion.focus({ preventScroll: true });
        if (isFollowed) { criterion.scrollIntoView({ block: "nearest" }); }
    }
    function step(by) {
        const all = criteria(), at = all.indexOf(current());
        const isOnIt = document.activeElement.closest(".desk-criterion");
        moveTo(all[isOnIt ? Math.min(Math.max(at + by, 0), all.length - 1) : at]);
    }
    function chooseLevel(digit) {
        const criterion = current();
        const level = criterion && criterion.querySelector(`[data-key="${digit}"]`);
        if (!level || !pane().dataset.isOpen) { return; }
        level.checked = true;
        level.dispatchEvent(new Event("change", { bubbles: true }));
        const all = criteria(), at = all.indexOf(criterion);
        moveTo(all[at + 1] || criterion);
    }

    /* Going on: the next work was fetched ahead. */
    async function fetchAhead() {
        const address = pane().dataset.next;
        if (!address || (ahead && ahead.address === address)) { return; }
        const entry = { address, since: Date.now(), html: null };
        ahead = entry;
        try {
            const answer = await fetch(address, { headers: { "HX-Request": "true" }, redirect: "manual" });
            if (answer.ok) { entry.html = await answer.text(); }
        } catch { ahead = null; }
    }
    function show(address) {
        keepNow();
        const isReady = ahead && ahead.address === address && ahead.html && Date.now() - ahead.since < AHEAD_FOR;
        if (isReady) {
            const html = ahead.html;
            ahead = null;
            htmx.swap(pane(), html, { swapStyle: "outerHTML" });
            history.pushState({ desk: true }, "", address);
            opened();
            return;
        }
        htmx.ajax("GET", address, { target: "#desk-pane", swap: "outerHTML" }).then(() => {
            history.pushState({ desk: true }, "", address);
        });
    }
    function go(address, otherwise) { address ? show(address) : announce(otherwise); }

    /* After every swap there is a place for the eyes and the keys. */
    function opened() {
        if (pane().dataset.isOpened) { return; } // after a swap by hand htmx calls once more
        pane().dataset.isOpened = "1";
        isGoing = false;
        field = null;
        marked = null;
        bank = null;
        const isWrong = byId("desk-conflict") || pane().querySelector("[aria-invalid]");
        const first = isWrong || pane().querySelector("#desk-form .desk-criterion[data-first]")
            || pane().querySelector("[data-first]") || byId("desk-form");
        // Without a rubric the first thing to do is to type points: Esc leaves that field.
        if (first.matches(".desk-criterion")) { moveTo(first, false); } else { first.focus({ preventScroll: true }); }
        // On a phone the rubric stands below the text, which is read first.
        if (isWrong) { isWrong.scrollIntoView({ block: "nearest" }); }
        else if (pane().getBoundingClientRect().top < 0) { pane().scrollIntoView({ block: "start" }); }
        total();
        present();
        fetchAhead();
        playHeld();
    }

    /* No other work comes after all. */
    function stay() { isGoing = false; held = []; }

    /* Whoever types ahead means the work that comes: the keys wait for it. A refusal forgets them. */
    function hold(event) {
        const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
        const isHeld = isPlain && (event.key.length === 1 || HELD.has(event.key));
        if (isHeld || event.key === "Enter") { event.preventDefault(); }
        const isSecondSave = !held.length && event.key.toLowerCase() === "s";
        if (isHeld && !event.repeat && !isSecondSave) { held.push(event.key); }
    }
    function playHeld() {
        const isRefused = byId("desk-conflict") || pane().querySelector("[aria-invalid], .is-bad");
        const keys = isRefused ? [] : held;
        held = [];
        keys.forEach(play);
    }
    function play(key) {
        const at = document.activeElement;
        if (isGoing) { held.push(key); }
        else if (isText(at) && key.length === 1) {
            at.setRangeText(key, at.selectionStart, at.selectionEnd, "end");
            at.dispatchEvent(new Event("input", { bubbles: true }));
        }
        else { at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })); }
    }

    async function present() {
        if (!pane() || !pane().dataset.mayGrade || document.hidden) { return; }
        const said = await sendForWords("presence", {});
        const note = byId("desk-others");
        if (!said.isDone || !note) { return; }
        note.textContent = said.others.join(" ");
        note.hidden = !said.others.length;
    }

    /* From the graded attempt to the newer one, and its marks with it. */
    async function carry() {
        const { newer, parts, address } = pane().dataset;
        const target = newer ? newer.split("?")[0] : parts;
        try {
            const answer = await fetch(target + "carry/", { method: "POST", redirect: "manual", headers: { "X-CSRFToken": token() } });
            const said = await answer.json();
            if (answer.ok) { show(newer || address); }
            announce(said.message);
        } catch { announce(words().lost); }
    }

    /* Dialogs. */
    function openDialog(name) { byId("desk-dialog-" + name).showModal(); }
    function closeDialog(dialog) { dialog.close(); }
    async function openBank() {
        const before = field && field.closest("#desk-pane") ? field : null;
        byId("desk-dialog-bank").before = before || (current() && current().querySelector("textarea")) || byId("id_feedback");
        byId("desk-bank-sought").value = "";
        byId("desk-bank-error").textContent = "";
        openDialog("bank");
        byId("desk-bank-sought").focus();
        await loadBank();
    }
    /* Enter may come before the comments do: it waits for the same promise. */
    function loadBank() {
        bank = bank || fetchBank();
        return bank;
    }
    async function fetchBank() {
        let html = "";
        try {
            const answer = await fetch(pane().dataset.parts + "bank/", { redirect: "manual" });
            if (answer.ok) { html = await answer.text(); } else { bank = null; }
        } catch { bank = null; }
        if (!html) { byId("desk-bank-error").textContent = words().lost; }
        byId("desk-bank-comments").innerHTML = html;
        narrowBank();
    }
    async function useFirst() {
        const dialog = byId("desk-dialog-bank");
        await loadBank();
        const first = dialog.open ? narrowBank() : null;
        if (first) { useComment(first); }
    }
    function narrowBank() {
        const letters = byId("desk-bank-sought").value.toLowerCase().split(/\s+/);
        let first = null;
        for (const offer of document.querySelectorAll(".desk-offer")) {
            const text = offer.textContent.toLowerCase();
            const isMatch = letters.every((each) => text.includes(each));
            offer.parentElement.hidden = !isMatch;
            offer.classList.toggle("is-first", isMatch && !first);
            first = first || (isMatch ? offer : null);
        }
        return first;
    }
    function useComment(offer) {
        const dialog = byId("desk-dialog-bank");
        let target = dialog.before;
        const bound = offer.dataset.criterion && document.querySelector(`[data-criterion="${offer.dataset.criterion}"].desk-criterion`);
        if (bound) { target = bound.querySelector("textarea"); givePoints(bound, offer.dataset.points); }
        else if (offer.dataset.points && target.closest(".desk-criterion")) { givePoints(target.closest(".desk-criterion"), offer.dataset.points); }
        target.value = target.value.trim() ? target.value.trimEnd() + "\n" + offer.dataset.text : offer.dataset.text;
        target.dispatchEvent(new Event("input", { bubbles: true }));
        closeDialog(dialog);
        const criterion = target.closest(".desk-criterion");
        if (criterion) { moveTo(criterion); } else { target.focus(); }
        send("use", { comment: offer.dataset.comment }, { keepalive: true }).catch(() => {});
    }
    function givePoints(criterion, points) {
        if (!points) { return; }
        const level = criterion.querySelector(`[type=radio][data-points="${points}"]`);
        if (level) { level.checked = true; level.dispatchEvent(new Event("change", { bubbles: true })); return; }
        const input = criterion.querySelector("[data-of-total]");
        input.value = points;
        input.dispatchEvent(new Event("input", { bubbles: true }));
    }
    async function saveComment() {
        const criterion = byId("desk-bank-bound").checked && current();
        const said = await sendForWords("save_comment", {
            text: byId("desk-bank-text").value,
            shared: byId("desk-bank-shared").checked ? "on" : "",
            criterion: criterion ? criterion.dataset.criterion : "",
        });
        byId("desk-bank-error").textContent = said.isDone ? "" : said.message;
        if (!said.isDone) { return; }
        byId("desk-bank-text").value = "";
        bank = null;
        await loadBank();
        announce(said.message);
    }
    async function saveFlag() {
        const said = await sendForWords("flag", { text: byId("desk-flag-line").value });
        byId("desk-flag-error").textContent = said.isDone ? "" : said.message;
        if (!said.isDone) { return; }
        byId("desk-flag-text").textContent = said.text;
        byId("desk-flag").hidden = !said.text;
        closeDialog(byId("desk-dialog-flag"));
        announce(said.message);
    }

    /* A passage: characters are counted as Python counts them. */
    function passage() {
        const text = byId("desk-text"), selection = document.getSelection();
        if (!text || !selection.rangeCount) { return null; }
        const range = selection.getRangeAt(0);
        const isInside = text.contains(range.startContainer) && text.contains(range.endContainer);
        if (!isInside || range.collapsed) { return null; }
        const before = document.createRange();
        before.selectNodeContents(text);
        before.setEnd(range.startContainer, range.startOffset);
        const start = Array.from(before.toString()).length;
        return { start, end: start + Array.from(range.toString()).length, quoted: range.toString() };
    }
    function openMark() {
        marked = passage();
        if (!marked) { announce(words().noPassage); return; }
        byId("desk-mark-quoted").textContent = marked.quoted;
        byId("desk-mark-comment").value = "";
        byId("desk-mark-error").textContent = "";
        openDialog("mark");
        byId("desk-mark-comment").focus();
    }
    async function changePassages(part, values) {
        try {
            const answer = await send(part, values);
            if (!answer.ok) { return (await answer.json()).message; }
            byId("desk-passages").outerHTML = await answer.text();
            return "";
        } catch { return words().lost; }
    }
    async function saveMark() {
        const { start, end } = marked;
        const wrong = await changePassages("annotate", { start, end, comment: byId("desk-mark-comment").value });
        byId("desk-mark-error").textContent = wrong;
        if (!wrong) { closeDialog(byId("desk-dialog-mark")); }
    }

    /* Of a conflict: the stored value takes the place of what was typed. */
    function takeStored(button) {
        for (const [name, value] of Object.entries(JSON.parse(button.dataset.fields))) {
            const fields = document.getElementsByName(name);
            for (const each of fields) {
                if (each.type === "radio") { each.checked = each.value === value; } else { each.value = value; }
            }
        }
        button.textContent = "✓";
        total();
        draftSoon();
    }

    function submit(how) {
        const button = form().querySelector(`[name=go][value=${how}]`);
        if (button) { clearTimeout(draftTimer); draftTimer = 0; button.click(); }
    }

    const ACTIONS = {
        level: (event) => chooseLevel(event.key),
        criterion_after: () => step(1),
        criterion_before: () => step(-1),
        next: () => go(pane().dataset.next, words().noNext),
        previous: () => go(pane().dataset.previous, words().noPrevious),
        bank: openBank,
        comment: () => { const it = current(); (it ? it.querySelector("textarea") : byId("id_feedback")).focus(); },
        save_next: () => submit("next"),
        save: () => submit("stay"),
        flag: () => {
            byId("desk-flag-line").value = byId("desk-flag-text").textContent;
            byId("desk-flag-error").textContent = "";
            openDialog("flag");
        },
        mark: openMark,
        carry,
        help: () => openDialog("help"),
        grade: () => document.querySelector(".desk-grade").scrollIntoView({ block: "start" }),
    };
    const HELD = new Set(["Enter", "Escape", "ArrowDown", "ArrowUp"]);
    const WRITING = new Set(["bank", "comment", "save_next", "save", "flag", "mark"]);

    function isText(element) {
        return element.matches("textarea, select, input:not([type=radio], [type=checkbox]), [contenteditable]");
    }
    function act(name, event) {
        if (WRITING.has(name) && !pane().dataset.isOpen && !(name === "flag" && pane().dataset.mayGrade)) { return; }
        ACTIONS[name](event);
    }
    function onKey(event) {
        if (!pane()) { return; }
        if (isGoing) { hold(event); return; }
        const dialog = document.querySelector("dialog[open]");
        if (dialog) { inDialog(dialog, event); return; }
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); act("save_next", event); return; }
        if (event.key === "Escape" && isText(event.target)) { leaveField(event.target); return; }
        const isOther = event.ctrlKey || event.metaKey || event.altKey || isText(event.target);
        if (isOther || !pane().dataset.hasKeys) { return; }
        const key = /^[1-9]$/.test(event.key) ? "1" : event.key;
        const row = JSON.parse(pane().dataset.keys).find(([known]) => known === key);
        if (!row) { return; }
        event.preventDefault();
        act(row[1], event);
    }
    function inDialog(dialog, event) {
        if (event.key !== "Enter" || event.target.matches("textarea, button, summary")) { return; }
        event.preventDefault();
        if (dialog.id === "desk-dialog-flag") { saveFlag(); }
        if (dialog.id === "desk-dialog-bank") { useFirst(); }
    }
    function leaveField(element) {
        const criterion = element.closest(".desk-criterion");
        if (criterion) { moveTo(criterion); } else { element.blur(); form().focus(); }
    }
    function onClick(event) {
        const at = (selector) => event.target.closest(selector);
        const chosen = at("[data-action]"), swapped = at("a[data-swap]"), offer = at(".desk-offer");
        if (at("[data-close]")) { closeDialog(at("dialog")); }
        else if (offer) { useComment(offer); }
        else if (chosen && !event.ctrlKey && !event.metaKey) { event.preventDefault(); act(chosen.dataset.action, event); }
        else if (swapped && !event.ctrlKey && !event.metaKey) { event.preventDefault(); show(swapped.href); }
        else if (at("[data-take-back]")) { changePassages("take_back", { annotation: at("[data-take-back]").dataset.takeBack }).then(announce); }
        else if (at("[data-discard]")) { clearTimeout(draftTimer); sendForWords("discard", {}).then(() => show(pane().dataset.address)); }
        else if (at("[data-fields]")) { takeStored(at("[data-fields]")); }
        else if (at("#desk-bank-save")) { saveComment(); }
        else if (at("#desk-flag-save")) { saveFlag(); }
        else if (at("#desk-mark-save")) { saveMark(); }
    }
    function onInput(event) {
        const input = event.target;
        if (input.id === "desk-bank-sought") { narrowBank(); return; }
        if (input.form !== form() || !form()) { return; }
        if (input.matches("[data-of-total]")) { total(); }
        if (input.id === "id_score") { override(); }
        draftSoon();
    }
    function onChange(event) {
        const input = event.target;
        if (input.id === "desk-note") { sendForWords("note", { text: input.value }).then((said) => announce(said.message)); return; }
        if (input.id === "desk-has-keys") {
            pane().dataset.hasKeys = input.checked ? "1" : "";
            sendForWords("keys", { on: input.checked ? "1" : "0" }).then((said) => announce(said.message));
            return;
        }
        if (!form() || input.form !== form() || input.type !== "radio") { return; }
        input.closest(".desk-criterion").querySelector("[data-of-total]").value = input.dataset.points;
        total();
        draftSoon();
    }

    document.addEventListener("keydown", onKey);
    document.addEventListener("click", onClick);
    document.addEventListener("input", onInput);
    document.addEventListener("change", onChange);
    document.addEventListener("focusin", (event) => {
        if (event.target.matches("#desk-pane textarea")) { field = event.target; }
        const criterion = event.target.closest(".desk-criterion");
        if (criterion) { criteria().forEach((each) => each.classList.toggle("is-current", each === criterion)); field = isText(event.target) ? field : null; }
    });
    // One save at a time: a second click is none. A draft under way comes first; after the grade
    // it would be a draft of what is saved.
    document.addEventListener("htmx:confirm", (event) => {
        if (event.detail.target !== pane()) { return; }
        const isSave = event.detail.elt === form();
        if (isSave) { event.preventDefault(); }
        if (isGoing) { return; }
        isGoing = true;
        clearTimeout(draftTimer);
        draftTimer = 0;
        draftAgain = false;
        if (isSave) { drafting.then(() => event.detail.issueRequest(true)); }
    });
    // A refusal and a conflict are shown like any other answer; a login page is none.
    document.addEventListener("htmx:beforeSwap", (event) => {
        if (event.detail.target !== pane()) { return; }
        const isPane = event.detail.serverResponse.includes('id="desk-pane"');
        event.detail.shouldSwap = isPane;
        event.detail.isError = false;
        if (!isPane) { stay(); }
        if (!isPane && event.detail.serverResponse) { announce(words().lost); }
    });
    document.addEventListener("htmx:sendError", () => { stay(); announce(words().lost); });
    document.addEventListener("htmx:afterSettle", () => { if (pane()) { opened(); } });
    window.addEventListener("popstate", () => location.reload());
    window.addEventListener("pagehide", () => {
        keepNow();
        if (pane() && pane().dataset.mayGrade) { send("leave", {}, { keepalive: true }).catch(() => {}); }
    });
    setInterval(present, PRESENT_EVERY);
    if (pane()) { opened(); }
})();
