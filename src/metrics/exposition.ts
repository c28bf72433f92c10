/** A family of Prometheus' metrics: one name with its samples, one for each set of labels. */
export interface MetricFamily {
  /** With its unit; a counter's ends in `_total`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'summary';
  /** A sentence without a full stop. */
  readonly help: string;
  /** A base unit, as it stands in the name; absent: a plain number. */
  readonly unit?: 'joules' | 'seconds' | 'bytes' | 'ratio' | 'grams' | 'watts';
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  /** `_sum` or `_count` of a summary. */
  readonly suffix?: '_sum' | '_count';
  readonly labels?: Readonly<Record<string, string>>;
  /** null: nobody knows, and there is no sample. */
  readonly value: number | null;
}

/**
 * Families as text, the format that Prometheus reads and node_exporter takes from files (version 0.0.4,
 * https://prometheus.io/docs/instrumenting/exposition_formats/). A family of which nothing is known is left out. Label values may hold
 * anything: what would end them is escaped. Units stand in a comment of their own, as in OpenMetrics.
 */
export function exposition(families: readonly MetricFamily[]): string {
  return families.map(familyText).join('');
}

function familyText({ name, type, help, unit, samples }: MetricFamily): string {
  const lines = samples.flatMap(({ suffix = '', labels, value }) =>
    value === null ? [] : [`${name}${suffix}${labelsText(labels)} ${valueText(value)}\n`],
  );
  if (lines.length === 0) return '';
  const unitLine = unit === undefined ? '' : `# UNIT ${name} ${unit}\n`;
  return `# HELP ${name} ${escaped(help, false)}\n# TYPE ${name} ${type}\n${unitLine}${lines.join('')}`;
}

function labelsText(labels: MetricSample['labels']): string {
  const pairs = Object.entries(labels ?? {}).map(([name, value]) => `${name}="${escaped(value, true)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** What no text can hold or a terminal would take for a command; U+FFFD itself, so that no two values become one. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\uFFFD]/gu;

function escaped(text: string, isQuoted: boolean): string {
  const safe = text
    .replaceAll('\\', '\\\\')
    .replaceAll(UNPRINTABLE, (one) =>
      one === '\n' ? '\\n' : `\uFFFD${(one.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
    );
  return isQuoted ? safe.replaceAll('"', '\\"') : safe;
}

function valueText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}
