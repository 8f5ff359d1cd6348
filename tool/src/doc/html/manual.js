// The search of a manual. Pages work without it.
"use strict";

(() => {
  const input = document.getElementById("search");
  const list = document.getElementById("results");
  const LIMIT = 40;
  // Entries: name, kind, address, summary, names of parts, full text.
  let entries = null;
  let chosen = -1;

  window.searchIndex = (found) => {
    entries = found.map((entry) => ({
      name: entry[0],
      kind: entry[1],
      address: entry[2],
      summary: entry[3],
      text: entry[5],
      lowerName: entry[0].toLowerCase(),
      lowerParts: entry[4].toLowerCase(),
      lowerText: `${entry[3]} ${entry[5]}`.toLowerCase(),
    }));
    show();
  };

  // The index is large and loaded when it is first needed.
  function load() {
    if (document.getElementById("index")) return;
    const script = document.createElement("script");
    script.id = "index";
    script.src = "search.js";
    document.head.append(script);
  }

  // Names count more than names of parts, and these more than text. Every word has to be found.
  function score(entry, words, whole) {
    let sum = entry.lowerName === whole ? 1000 : 0;
    for (const word of words) {
      const at = entry.lowerName.indexOf(word);
      if (at === 0) sum += 120;
      else if (at > 0) sum += /[-_]/.test(entry.lowerName[at - 1]) ? 80 : 50;
      else if (entry.lowerParts.includes(word)) sum += 15;
      else if (entry.lowerText.includes(word)) sum += 5;
      else return 0;
    }
    return sum + (entry.kind === "command" || entry.kind === "event" ? 3 : 0);
  }

  // The part of the text around the first word, if the summary lacks it.
  function excerpt(entry, words) {
    const summary = entry.summary.toLowerCase();
    const missing = words.find((word) => !summary.includes(word));
    const at = missing ? entry.text.toLowerCase().indexOf(missing) : -1;
    if (at < 0) return entry.summary;
    const start = Math.max(0, entry.text.lastIndexOf(" ", Math.max(0, at - 40)));
    return `${start > 0 ? "…" : ""}${entry.text.slice(start, at + 100)}…`;
  }

  // Text with its words marked. Nothing of the text is read as HTML.
  function marked(text, words) {
    const fragment = document.createDocumentFragment();
    const lower = text.toLowerCase();
    let from = 0;
    while (from < text.length) {
      let next = -1;
      let found = "";
      for (const word of words) {
        const at = lower.indexOf(word, from);
        if (at >= 0 && (next < 0 || at < next)) [next, found] = [at, word];
      }
      if (next < 0) break;
      fragment.append(text.slice(from, next));
      const mark = document.createElement("mark");
      mark.textContent = text.slice(next, next + found.length);
      fragment.append(mark);
      from = next + found.length;
    }
    fragment.append(text.slice(from));
    return fragment;
  }

  function element(name, className, content) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(content);
    return made;
  }

  function show() {
    const whole = input.value.trim().toLowerCase();
    const words = [...new Set(whole.split(/\s+/).filter(Boolean))];
    chosen = -1;
    list.replaceChildren();
    list.hidden = words.length === 0 || entries === null;
    if (list.hidden) return;
    const found = entries
      .map((entry) => [score(entry, words, whole), entry])
      .filter(([points]) => points > 0)
      .sort(([one, a], [other, b]) => other - one || a.name.length - b.name.length)
      .slice(0, LIMIT);
    for (const [, entry] of found) {
      const link = element("a", "", element("code", "", marked(entry.name, words)));
      link.href = entry.address;
      link.append(" ", element("span", "kind", entry.kind));
      link.append(element("span", "text", marked(excerpt(entry, words), words)));
      list.append(element("li", "", link));
    }
    if (found.length === 0) list.append(element("li", "none", "Nothing found"));
  }

  function choose(index) {
    const links = list.querySelectorAll("a");
    if (links.length === 0) return;
    links[chosen]?.classList.remove("chosen");
    chosen = (index + links.length) % links.length;
    links[chosen].classList.add("chosen");
    links[chosen].scrollIntoView({ block: "nearest" });
  }

  function close() {
    list.hidden = true;
    input.blur();
  }

  input.addEventListener("focus", () => {
    load();
    show();
  });
  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  input.form.addEventListener("submit", (event) => {
    event.preventDefault();
    const links = list.querySelectorAll("a");
    links[Math.max(chosen, 0)]?.click();
  });
  list.addEventListener("click", () => close());
  document.addEventListener("click", (event) => {
    if (!input.form.contains(event.target)) list.hidden = true;
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, textarea, select");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
    input.select();
  });

  // On paper nothing can be opened.
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
})();
