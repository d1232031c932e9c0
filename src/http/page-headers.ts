/** Headers of the pages that ship: their policy allows what they need and nothing else. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  // Their own server may see where its requests come from: that is how a reverse proxy is noticed.
  'referrer-policy': 'same-origin',
};
