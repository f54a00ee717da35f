/**
 * Every key there is, in one table: menus, shortcuts and the help page are drawn from it. Keys are named by
 * their place (event.code), so a Russian or Turkmen layout keeps them. AltGr is never bound.
 */
export interface Binding {
  readonly command: string
  readonly keys: readonly string[]
  /** Keys that also work while text is being typed. */
  readonly anywhere: readonly string[]
  readonly places: readonly Place[]
}

export type Place = 'desk' | 'review' | 'proposal' | 'studio' | 'confirm'

const DESK = ['desk'] as const
const REVIEW = ['review'] as const
const PROPOSAL = ['proposal'] as const
const STUDIO = ['studio'] as const
const CONFIRM = ['confirm'] as const
const BOTH = ['desk', 'review', 'proposal'] as const
const ALL = [...BOTH, 'studio', 'confirm'] as const

function bind(command: string, places: Binding['places'], anywhere: string, keys = ''): Binding {
  const split = (text: string) => text.split(' ').filter(Boolean)
  return { command, places, anywhere: split(anywhere), keys: split(keys) }
}

export const KEYMAP: readonly Binding[] = [
  bind('player/play', BOTH, 'Ctrl+Space', 'Space'),
  bind('player/play-cue', DESK, 'Ctrl+Shift+Space', 'Shift+Space'),
  bind('player/before-start', DESK, 'Alt+KeyQ'),
  bind('player/after-start', DESK, 'Alt+KeyE'),
  bind('player/before-end', DESK, 'Alt+KeyD'),
  bind('player/after-end', DESK, 'Alt+KeyW'),
  bind('player/frame-back', BOTH, 'Alt+Comma', 'Comma'),
  bind('player/frame-forward', BOTH, 'Alt+Period', 'Period'),
  bind('player/second-back', BOTH, '', 'ArrowLeft'),
  bind('player/second-forward', BOTH, '', 'ArrowRight'),
  bind('player/half-back', BOTH, 'Alt+ArrowLeft'),
  bind('player/half-forward', BOTH, 'Alt+ArrowRight'),
  bind('player/reverse', REVIEW, '', 'KeyJ'),
  bind('player/stop', REVIEW, '', 'KeyK'),
  bind('player/forward', REVIEW, '', 'KeyL'),
  bind('time/start-here', DESK, 'Ctrl+Digit3', 'BracketLeft'),
  bind('time/end-here', DESK, 'Ctrl+Digit4', 'BracketRight'),
  bind('time/start-earlier', DESK, 'Alt+Shift+BracketLeft', 'Shift+BracketLeft'),
  bind('time/start-later', DESK, 'Alt+BracketLeft'),
  bind('time/end-earlier', DESK, 'Alt+BracketRight'),
  bind('time/end-later', DESK, 'Alt+Shift+BracketRight', 'Shift+BracketRight'),
  bind('cue/previous', DESK, 'Alt+ArrowUp', 'ArrowUp'),
  bind('cue/next', DESK, 'Alt+ArrowDown', 'ArrowDown'),
  bind('cue/commit', DESK, 'Ctrl+Enter'),
  bind('cue/here', DESK, 'Alt+KeyG', 'KeyG'),
  bind('cue/insert', DESK, 'Alt+KeyN', 'Insert'),
  bind('cue/split', DESK, 'Alt+KeyS'),
  bind('cue/merge', DESK, 'Alt+KeyM'),
  bind('cue/delete', DESK, 'Alt+Delete', 'Delete'),
  bind('cue/next-finding', DESK, 'F8'),
  bind('cue/previous-finding', DESK, 'Shift+F8'),
  bind('findings/list', DESK, 'Alt+KeyL'),
  bind('findings/mend', DESK, 'Alt+KeyF'),
  bind('findings/mend-all', DESK, 'Alt+Shift+KeyF'),
  bind('findings/set-aside', DESK, 'Alt+KeyI'),
  bind('findings/add-word', DESK, 'Alt+KeyA'),
  bind('memory/insert', DESK, 'Alt+KeyR'),
  bind('edit/undo', DESK, 'Ctrl+KeyZ'),
  bind('edit/redo', DESK, 'Ctrl+KeyY Ctrl+Shift+KeyZ'),
  bind('edit/find', DESK, 'Ctrl+KeyF'),
  bind('edit/send', DESK, 'Ctrl+KeyS'),
  bind('wave/in', DESK, 'Alt+Equal', 'Equal'),
  bind('wave/out', DESK, 'Alt+Minus', 'Minus'),
  bind('review/comment', REVIEW, 'Alt+KeyC', 'KeyC'),
  bind('review/play-changes', REVIEW, '', 'KeyR'),
  bind('review/next-change', REVIEW, '', 'KeyN'),
  bind('review/previous-change', REVIEW, '', 'KeyP'),
  bind('proposal/next', PROPOSAL, '', 'KeyJ'),
  bind('proposal/previous', PROPOSAL, '', 'KeyK'),
  bind('proposal/accept', PROPOSAL, '', 'KeyA'),
  bind('proposal/reject', PROPOSAL, '', 'KeyR'),
  bind('proposal/undo', PROPOSAL, '', 'KeyU'),
  bind('studio/record', STUDIO, '', 'KeyR'),
  bind('studio/stop', STUDIO, 'Escape'),
  bind('studio/play', STUDIO, 'Ctrl+Space', 'Space'),
  bind('studio/play-take', STUDIO, '', 'KeyT'),
  bind('studio/preview', STUDIO, '', 'KeyP'),
  bind('studio/next', STUDIO, 'Alt+ArrowDown', 'KeyJ ArrowDown'),
  bind('studio/previous', STUDIO, 'Alt+ArrowUp', 'KeyK ArrowUp'),
  bind('studio/edit', STUDIO, '', 'KeyE'),
  bind('studio/split', STUDIO, 'Alt+KeyS'),
  bind('studio/merge', STUDIO, 'Alt+KeyM'),
  bind('studio/undo', STUDIO, '', 'KeyU Ctrl+KeyZ'),
  bind('studio/redo', STUDIO, '', 'Shift+KeyU Ctrl+KeyY Ctrl+Shift+KeyZ'),
  bind(
    'studio/use-take',
    STUDIO,
    '',
    'Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9',
  ),
  bind('confirm/play', CONFIRM, 'Ctrl+Space', 'Space'),
  bind('confirm/accept', CONFIRM, '', 'Enter'),
  bind('confirm/next-take', CONFIRM, '', 'KeyN'),
  bind('confirm/not-recorded', CONFIRM, '', 'KeyX'),
  bind('confirm/undo', CONFIRM, 'Ctrl+KeyZ', 'KeyU'),
  bind('confirm/next', CONFIRM, '', 'KeyJ ArrowDown'),
  bind('confirm/previous', CONFIRM, '', 'KeyK ArrowUp'),
  bind('confirm/start-earlier', CONFIRM, '', 'Shift+BracketLeft'),
  bind('confirm/start-later', CONFIRM, '', 'BracketLeft'),
  bind('confirm/end-earlier', CONFIRM, '', 'BracketRight'),
  bind('confirm/end-later', CONFIRM, '', 'Shift+BracketRight'),
  bind('help/keys', ALL, 'Alt+Slash', 'Shift+Slash'),
]

export interface Pressed {
  readonly code: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly shiftKey: boolean
}

/** "Ctrl+Shift+KeyZ"; the Command key of a Mac counts as Ctrl. */
export function nameOf(event: Pressed): string {
  return [
    event.ctrlKey || event.metaKey ? 'Ctrl' : '',
    event.altKey ? 'Alt' : '',
    event.shiftKey ? 'Shift' : '',
    event.code,
  ]
    .filter(Boolean)
    .join('+')
}

/** The command of a key at a place, or null. */
export function commandFor(
  name: string,
  place: Place,
  typing: boolean,
  lettersOn: boolean,
): string | null {
  for (const binding of KEYMAP) {
    if (!binding.places.includes(place)) continue
    if (binding.anywhere.includes(name)) return binding.command
    if (!typing && binding.keys.includes(name) && (lettersOn || !isCharacter(name)))
      return binding.command
  }
  return null
}

/** Whether the key types a character by itself: people may switch those off (WCAG 2.1.4). */
export function isCharacter(name: string): boolean {
  return /^(Shift\+)?(Key[A-Z]|Digit\d|Comma|Period|Slash|Equal|Minus|Bracket(Left|Right))$/.test(
    name,
  )
}

const SIGNS: Readonly<Record<string, string>> = {
  Comma: ',',
  Period: '.',
  Slash: '/',
  Equal: '=',
  Minus: '−',
  BracketLeft: '[',
  BracketRight: ']',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
}

/** "Ctrl+Shift+Z", as printed on keys. */
export function printed(name: string): string {
  return name
    .split('+')
    .map((part) => SIGNS[part] ?? part.replace(/^(Key|Digit)/, ''))
    .join('+')
}
