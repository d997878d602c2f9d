/** Searches and sorts the list behind each `.tools`. Plain ES2020, no library. */
export const script = `
for (const tools of document.querySelectorAll('.tools')) {
  const list = tools.nextElementSibling, rows = [...list.children], field = tools.querySelector('input'), found = tools.querySelector('output');
  const number = (row, name) => Number(row.dataset[name]), text = (row) => row.dataset.name;
  const orders = {
    value: (a, b) => number(b, 'value') - number(a, 'value'), '-value': (a, b) => number(a, 'value') - number(b, 'value'),
    count: (a, b) => number(b, 'count') - number(a, 'count'), name: (a, b) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0),
  };
  tools.hidden = false;
  tools.addEventListener('click', ({ target }) => {
    const order = orders[target.dataset.order];
    if (!order) return;
    for (const button of tools.querySelectorAll('button')) button.setAttribute('aria-pressed', String(button === target));
    list.append(...rows.sort(order));
  });
  field.addEventListener('input', () => {
    const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      row.hidden = !words.every((word) => text(row).includes(word));
      count += row.hidden ? 0 : 1;
    }
    found.textContent = words.length === 0 ? '' : count + ' found';
  });
}
`;

/** What the page's policy knows the script by; a test computes it. */
export const scriptHash = 'sha256-kpv+Ty+F7fc0T4wy7SDa5MUMws0kkOCy42YgrGTNhyM=';
