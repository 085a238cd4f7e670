/** Small things that all parts of the page do to the document. */

export const byId = (id) => document.getElementById(id);

/** Shows and hides parts by element id. */
export function show(parts) {
  for (const [id, isShown] of Object.entries(parts)) byId(id).hidden = !isShown;
}

/** Texts by element id; what did not change is not touched, for the page is laid out anew by each change. */
export function write(texts) {
  for (const [id, text] of Object.entries(texts)) {
    const element = byId(id);
    if (element.textContent !== text) element.textContent = text;
  }
}

export function press(id, action) {
  byId(id).addEventListener("click", action);
}

export function submit(id, action) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    action();
  });
}

/** The whole number in a field; 0 for what is none. */
export function amountIn(id) {
  return Math.max(0, Math.trunc(Number(byId(id).value) || 0));
}

/** A button that does something. */
export function button(text, action, mark = "") {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.className = mark;
  made.addEventListener("click", action);
  return made;
}

/** A name that somebody else chose: text, whose direction of writing stays its own. */
export function bdi(text) {
  const made = document.createElement("bdi");
  made.textContent = text;
  return made;
}
