/** A name for a new cue: 16 random hex digits, as the server makes them. Works on plain http too. */
export function newUid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8))
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
