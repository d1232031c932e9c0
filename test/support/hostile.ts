/**
 * Text that has broken a log, a terminal, a label or a page somewhere: what every suite puts into every field that strangers fill.
 * Each is there for one reason.
 */
export const HOSTILE = {
  lineBreaks: 'first\nsecond\r\nthird\rfourth',
  logLine: '\n{"level":"info","msg":"stream opened","client":"forged"}',
  nul: 'a\0b',
  bell: 'ring\x07\x08\x08\x08\x7f',
  clear: '\x1b[2J\x1b[H\x1bc',
  title: '\x1b]0;not the title\x07',
  hyperlink: '\x1b]8;;http://evil.test/\x1b\\click\x1b]8;;\x1b\\',
  // Writes to the clipboard of whoever looks at the log.
  clipboard: '\x1b]52;c;ZWNobyBwd25lZA==\x07',
  // Each has the terminal answer as if somebody had typed.
  answers: '\x1b[6n\x1b[c\x1b]11;?\x07\x1bP$q q\x1b\\',
  mouse: '\x1b[?1003h\x1b[?1049h\x1b[?25l',
  charset: '\x0e\x1b(0qqq\x0f',
  c1: '\x9b31m\x9d0;title\x9c\x90q\x85',
  bidiOverride: 'user\u202Enimda\u202C',
  bidiEmbedding: '\u202A\u202Bgnp.exe\u202D',
  bidiIsolate: '\u2066\u2067\u2068x\u2069',
  bidiMark: 'a\u200E\u200F\u061Cb',
  separators: 'one\u2028two\u2029three\u0085four',
  zeroWidth: 'ad\u200Bmin\u200C\u200D\u2060\uFEFF\u00AD',
  tags: 'x\u{E0061}\u{E0062}\u{E007F}',
  combining: `z${'\u0300\u0316\u0334'.repeat(400)}`,
  enclosing: `a${'\u20DD\u0489'.repeat(200)}`,
  wide: '管理者ＡＤＭＩＮ🏳️‍🌈👨‍👩‍👧‍👦﷽',
  blank: '\u3164\u2800\u115F\u00A0',
  noncharacters: '\uFFFE\uFFFF\u{1FFFF}\uFFFC',
  huge: 'x'.repeat(5000),
  hugeWide: '界'.repeat(1500),
  script: '</script><script>alert(1)</script>',
  image: '"><img src=x onerror=alert(1)>',
  attribute: `' onmouseover='alert(1)' x="`,
  style: '</style><svg/onload=alert(1)>',
  address: 'javascript:alert(1)',
  template: '{{constructor.constructor("alert(1)")()}}\x24{alert(1)}',
  entity: '&lt;b&gt;&#60;&amp;&quot;',
  comment: '--><!--<![CDATA[',
  label: '"} 1\nsse_server_clients{forged="yes"} 2\n# HELP x \\',
  backslash: '\\u{1b}\\x1b\\n\\"\\',
  format: '%s%n%x%d%%\x24{HOME}`id`$(id)',
  formula: '=cmd|"/C calc"!A0',
  percent: '%00%0d%0aSet-Cookie:x=y%1b[2J',
  header: 'x\r\nSet-Cookie: stolen=1\r\n\r\nHTTP/1.1 200 OK',
  proto: '__proto__',
  constructor: 'constructor',
  prototype: 'prototype.toString',
  valueOf: 'valueOf',
  json: '{"__proto__":{"profile":"Administrator"}}',
  quote: `"'\`\\`,
  number: '1e999',
  empty: ' ',
} as const satisfies Readonly<Record<string, string>>;

/** Half a character, which UTF-8 cannot hold: it gets no further than JSON and the library. */
export const LONE_SURROGATES: readonly string[] = ['\ud800', 'a\udc00b', '\udbff\udbff', 'x\ud83d'];

/** Without the parts that a field cannot have: a header line is one line, types and topics have no control characters. */
export function withoutControls(text: string): string {
  return text.replace(/\p{Cc}/gu, '');
}

/**
 * What makes a line on a terminal or in a log something else than it was written as: control characters, half characters,
 * separators of lines, what turns the direction around, what nobody sees, and more marks on one letter than a line is high.
 */
export const BREAKS: RegExp =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061C\u200B\u200E\u200F\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E0FFF}]|\p{M}{9}/u;
