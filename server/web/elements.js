/** Elements with texts; what comes from outside is set as text, never as markup. */

export const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function element(name, text, mark = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (mark) made.className = mark;
  return made;
}

/** A term with its figure. */
export function pair(name, figure, mark = "") {
  const both = element("div", "", mark);
  both.append(element("dt", name), element("dd", figure));
  return both;
}
