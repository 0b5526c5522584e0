// Run in the browser, on a page whose folds are open: what of it a test holds to account. An expression.
(() => {
  const channels = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => {
    const part = (value) => (value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if ((color[3] ?? 1) > 0.99) return color;
    }
    return [255, 255, 255];
  };

  // the lowest contrast of any text with what lies behind it, by the formula of WCAG 2.2
  let contrast = { ratio: 21, text: '' };
  for (const element of document.querySelectorAll('body *')) {
    const hasText = [...element.childNodes].some(
      (node) => node.nodeType === 3 && node.textContent.trim() !== '',
    );
    const isShown = element.getBoundingClientRect().width > 0 && element.tagName.toLowerCase() !== 'title';
    if (!hasText || !isShown) continue;
    const style = getComputedStyle(element);
    const own = luminance(channels(element instanceof SVGElement ? style.fill : style.color));
    const other = luminance(behind(element));
    const ratio = (Math.max(own, other) + 0.05) / (Math.min(own, other) + 0.05);
    if (ratio < contrast.ratio) contrast = { ratio, text: element.textContent };
  }

  const charts = [...document.querySelectorAll('figure > svg')]
    .filter((svg) => getComputedStyle(svg).display !== 'none')
    .map((svg) => {
      const box = svg.getBoundingClientRect();
      const texts = [...svg.querySelectorAll('text')].map((text) => ({
        text: text.textContent,
        box: text.getBoundingClientRect(),
      }));
      const isOutside = ({ left, right, top, bottom }) =>
        left < box.left - 1 || right > box.right + 1 || top < box.top - 1 || bottom > box.bottom + 1;
      return {
        width: box.width,
        height: box.height,
        outside: texts.filter((each) => isOutside(each.box)).map((each) => each.text),
        smallestText: Math.min(...texts.map((each) => each.box.height)),
      };
    });

  const named = [...document.querySelectorAll('svg[role=img], [role=region]')];
  return {
    scrollWidth: document.documentElement.scrollWidth,
    contrast,
    charts,
    // for screen readers and the keyboard
    unnamed: named.filter((element) => (element.getAttribute('aria-label') ?? '').length < 5).length,
    unreachable: [...document.querySelectorAll('.scroll')].filter((element) => element.tabIndex !== 0).length,
    untold: [...document.querySelectorAll('th')].filter((cell) => cell.scope !== 'col').length,
  };
})();
