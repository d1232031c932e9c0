import { type Exchange, type Handler, header } from './exchange.ts';
import type { Family, Format } from './family.ts';
import { sendText } from './respond.ts';

const OPENMETRICS = 'application/openmetrics-text';
/** Of OpenMetrics. */
const VERSION = '1.0.0';

/** `GET /metrics`: everything that is counted, in the format that the scraper likes better. */
export function metrics(families: () => readonly Family[]): Handler {
  return async (exchange) => {
    // Loaded when somebody asks for the first time: most servers are never asked.
    const { exposition } = await import('./exposition.ts');
    const { type, text } = await exposition(families(), wantedFormat(exchange));
    sendText(exchange.res, 200, text, { 'content-type': type });
  };
}

/** OpenMetrics for whoever names it and does not like plain text better (RFC 9110 §12.5.1); the older format for everybody else. */
function wantedFormat({ req }: Exchange): Format {
  const qualities = new Map<string, number>();
  for (const range of (header(req, 'accept') ?? '').toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const parameterOf = (name: string) =>
      parameters.find((parameter) => parameter.startsWith(`${name}=`))?.slice(name.length + 1);
    // Prometheus names the versions that it knows, one after another.
    if (type === OPENMETRICS && (parameterOf('version') ?? VERSION) !== VERSION) continue;
    qualities.set(type, Number(parameterOf('q') ?? 1));
  }
  const openMetrics = qualities.get(OPENMETRICS) ?? 0;
  const plain = qualities.get('text/plain') ?? qualities.get('text/*') ?? qualities.get('*/*') ?? 0;
  return openMetrics > 0 && openMetrics >= plain ? 'openmetrics' : 'prometheus';
}
