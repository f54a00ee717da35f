import './style/main.css'
import 'htmx.org'

type Mount = (root: HTMLElement) => void | (() => void)

// An island is named by data-island; its code is loaded only on pages that hold one.
const ISLANDS: Record<string, () => Promise<{ mount: Mount }>> = {}

async function start(root: HTMLElement) {
  const load = ISLANDS[root.dataset.island ?? '']
  if (load && !root.dataset.mounted) {
    root.dataset.mounted = 'yes'
    ;(await load()).mount(root)
  }
}
for (const root of document.querySelectorAll<HTMLElement>('[data-island]')) void start(root)
