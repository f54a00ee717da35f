/** What every page loads: styles, live pieces, and the islands that the page holds. */
import './style/main.css'
import 'htmx.org'
import { bindDialogs } from './shared/dialogs.ts'
import { bindSignOut } from './shared/sign-out.ts'
import { applyTheme, bindThemeSwitch } from './shared/theme.ts'

type Island = { mount(root: HTMLElement): void | (() => void) }

// Their code is loaded only on pages that hold one.
const ISLANDS: Readonly<Record<string, () => Promise<Island>>> = {
  desk: () => import('./desk/main.ts'),
  review: () => import('./review/main.ts'),
  proposal: () => import('./proposal/main.ts'),
  upload: () => import('./upload/main.ts'),
  keys: () => import('./keys/main.ts'),
  identify: () => import('./identify/main.ts'),
  received: () => import('./received/main.ts'),
  rules: () => import('./rules/main.ts'),
  studio: () => import('./studio/main.ts'),
  confirm: () => import('./studio/confirm.ts'),
}

async function start(root: HTMLElement): Promise<void> {
  const load = ISLANDS[root.dataset.island ?? '']
  if (!load) return
  const { mount } = await load()
  mount(root)
  root.dataset.ready = 'yes'
}

applyTheme()
bindThemeSwitch()
bindDialogs()
bindSignOut()
// The server shows times in the zone of this computer.
const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
if (timeZone) document.cookie = `tz=${timeZone}; path=/; max-age=31536000; SameSite=Lax`
for (const root of document.querySelectorAll<HTMLElement>('[data-island]')) void start(root)
