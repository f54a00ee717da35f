/** Runs commands: from keys, and from buttons that carry data-command. */
import { KEYMAP, commandFor, nameOf, printed, type Place } from './keymap.ts'
import { say, sayIn } from './words.ts'

/** Each is told the key it was called by, or "" for a button. */
export type Commands = Readonly<Record<string, (key: string) => void>>

const LETTERS_OFF = 'terjime.letters-off'

export function bindCommands(root: HTMLElement, place: Place, commands: Commands): () => void {
  const all: Commands = { 'help/keys': () => showKeys(place), ...commands }
  const press = (event: KeyboardEvent) => {
    if (event.isComposing || event.getModifierState('AltGraph')) return
    if (document.querySelector('dialog[open]')) return
    const target = event.target as HTMLElement
    const name = nameOf(event)
    const command = commandFor(
      name,
      place,
      isTyping(target),
      localStorage.getItem(LETTERS_OFF) === null,
    )
    if (!command || !all[command] || ownsKey(target, name)) return
    event.preventDefault()
    all[command](name)
  }
  const click = (event: MouseEvent) => {
    const button = (event.target as Element).closest<HTMLElement>('[data-command]')
    const run = button && all[button.dataset.command ?? '']
    if (run) run('')
  }
  for (const button of root.querySelectorAll<HTMLElement>('[data-command]')) {
    const binding = KEYMAP.find((each) => each.command === button.dataset.command)
    const key = binding && (binding.anywhere[0] ?? binding.keys[0])
    if (key) button.title = `${button.title} (${printed(key)})`
  }
  document.addEventListener('keydown', press)
  root.addEventListener('click', click)
  return () => {
    document.removeEventListener('keydown', press)
    root.removeEventListener('click', click)
  }
}

function isTyping(target: HTMLElement): boolean {
  return (
    target instanceof HTMLTextAreaElement ||
    target.isContentEditable ||
    (target instanceof HTMLInputElement &&
      !['checkbox', 'radio', 'range', 'button'].includes(target.type))
  )
}

/** A focused control keeps the keys that work it: Space on a button, arrows on a slider or a list of choices. */
function ownsKey(target: HTMLElement, name: string): boolean {
  if (target.closest('button, a, summary, label, input[type=checkbox], input[type=radio]'))
    return name === 'Space' || name === 'Enter'
  if (target.closest('select, input[type=range], [role=separator]'))
    return name === 'Space' || name.startsWith('Arrow')
  return false
}

/** The table of keys, for a place or for all. */
export function keysTable(place?: Place): HTMLElement {
  const table = document.createElement('div')
  table.className = 'keys-table'
  const groups = new Map<string, HTMLElement>()
  for (const binding of KEYMAP) {
    if (place && !binding.places.includes(place)) continue
    const group = binding.command.split('/')[0]!
    let list = groups.get(group)
    if (!list) {
      const section = document.createElement('section')
      const title = document.createElement('h3')
      title.textContent = sayIn('groups', group)
      list = document.createElement('dl')
      section.append(title, list)
      table.append(section)
      groups.set(group, list)
    }
    const what = document.createElement('dt')
    what.textContent = sayIn('commands', binding.command)
    const how = document.createElement('dd')
    const keys = [...binding.keys, ...binding.anywhere].map(printed)
    for (const key of keys.length > 5 ? [`${keys[0]} – ${keys.at(-1)}`] : keys) {
      const cap = document.createElement('kbd')
      cap.textContent = key
      how.append(cap, ' ')
    }
    list.append(what, how)
  }
  return table
}

export function lettersSwitch(): HTMLElement {
  const label = document.createElement('label')
  label.className = 'check'
  const box = document.createElement('input')
  box.type = 'checkbox'
  box.checked = localStorage.getItem(LETTERS_OFF) === null
  box.addEventListener('change', () => {
    if (box.checked) localStorage.removeItem(LETTERS_OFF)
    else localStorage.setItem(LETTERS_OFF, '1')
  })
  label.append(box, ` ${say('lettersOn')}`)
  return label
}

function showKeys(place: Place) {
  const dialog = document.createElement('dialog')
  dialog.className = 'wide'
  const title = document.createElement('h2')
  title.textContent = say('keysTitle')
  title.id = 'keys-dialog-title'
  dialog.setAttribute('aria-labelledby', title.id)
  const close = document.createElement('button')
  close.textContent = say('close')
  close.addEventListener('click', () => dialog.close())
  const body = document.createElement('div')
  body.className = 'stack'
  body.append(title, lettersSwitch(), keysTable(place), close)
  dialog.append(body)
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
}
