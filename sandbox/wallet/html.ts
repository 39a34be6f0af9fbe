/** HTML that is safe to send: made by `html`, which escapes whatever is put into it. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

type Piece = Html | Piece[] | string | number | undefined;

function escape(value: Piece): string {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(escape).join('');
  return value === undefined ? '' : String(value).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** Template tag: values are escaped, other `Html` and lists of it are taken as they are. */
export function html(parts: TemplateStringsArray, ...values: Piece[]): Html {
  return new Html(parts.map((part, index) => part + (index < values.length ? escape(values[index]) : '')).join(''));
}

/** A whole page with its own style and nothing from elsewhere. */
export function page(options: { lang: string; title: string; style: string; body: Html }): string {
  const { lang, title, style, body } = options;
  const head = html`<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${new Html(style)}</style>`;
  return html`<!doctype html><html lang="${lang}"><head>${head}</head><body>${body}</body></html>`.text;
}

/** Headers of a page: no scripts, no foreign content, no caching. */
export const PAGE_HEADERS: Record<string, string> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
};
