/** What the scripts say, in the person's language: the server puts the catalogue's phrases into the page. */
type Table = Readonly<Record<string, string>>
type Words = Readonly<Record<string, string | Table>>

const element = document.getElementById('words')
const all: Words = element ? (JSON.parse(element.textContent ?? '{}') as Words) : {}
const plural = new Intl.PluralRules(document.documentElement.lang || 'en')

function filled(phrase: string, values: Table | Readonly<Record<string, string | number>>): string {
  return phrase.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** The phrase of that key; `{name}` in it is filled from *values*. */
export function say(key: string, values: Readonly<Record<string, string | number>> = {}): string {
  const phrase = all[key]
  return typeof phrase === 'string' ? filled(phrase, values) : key
}

/** A phrase with a number, in the right plural form. */
export function sayCount(key: string, num: number): string {
  const forms = all[key]
  if (typeof forms !== 'object') return `${num} ${key}`
  return filled(forms[plural.select(num)] ?? forms['other'] ?? key, { num })
}

/** A sentence of the core in the person's language: *templates* has the translation by the English template. */
export function tell(
  said: {
    readonly template: string
    readonly values: Readonly<Record<string, string | number>>
  },
  templates: Readonly<Record<string, string>>,
): string {
  const template = templates[said.template] ?? said.template
  return template.replace(/%\((\w+)\)s/g, (whole, name: string) => {
    const value = String(said.values[name] ?? whole)
    return /^\d+\.\d+$/.test(value) ? value.replace('.', decimalMark()) : value
  })
}

function decimalMark(): string {
  return one.formatToParts(0.5).find((part) => part.type === 'decimal')?.value ?? '.'
}

export function sayIn(table: string, key: string): string {
  const words = all[table]
  return typeof words === 'object' ? (words[key] ?? key) : key
}

const one = new Intl.NumberFormat(document.documentElement.lang || 'en', {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
})

export function oneDecimal(value: number): string {
  return Number.isFinite(value) ? one.format(value) : '∞'
}

/** "12.4 MB" */
export function saySize(bytes: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['KB', 1e3],
  ] as const)
    if (bytes >= size) return `${oneDecimal(bytes / size)} ${unit}`
  return `${Math.round(bytes)} B`
}

export function saySpan(seconds: number): string {
  const s = Math.max(0, Math.round(seconds))
  if (s >= 3600) return say('hours', { h: Math.floor(s / 3600), m: Math.floor(s / 60) % 60 })
  return s >= 60 ? say('minutes', { m: Math.floor(s / 60), s: s % 60 }) : say('seconds', { s })
}
