/** Contrast of every text that is seen, by WCAG, if the canvas behind the page has the colour `water`: an expression. */

(water) => {
  const parse = (text) => (text.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const over = ([r, g, b, a = 1], under) => [r, g, b].map((value, at) => value * a + under[at] * (1 - a));
  const linear = (value) => (value <= 0.04 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [r, g, b] = colour.map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    if (element === null) return water;
    return over(parse(getComputedStyle(element).backgroundColor), behind(element.parentElement));
  };
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  const body = (element) => element.closest("dialog") ?? element;

  return [...document.querySelectorAll("body *")]
    .filter((element) => element.checkVisibility() && hasText(element) && body(element).checkVisibility())
    .map((element) => {
      const ground = behind(element);
      const ink = light(over(parse(getComputedStyle(element).color), ground));
      const [high, low] = [ink, light(ground)].sort((left, right) => right - left);
      return { text: element.textContent.trim().slice(0, 30), ratio: (high + 0.05) / (low + 0.05) };
    });
}
