/** Light or dark: the system's wish, until somebody chooses. */
const KEPT = 'terjime.theme'

export function applyTheme(): void {
  const kept = localStorage.getItem(KEPT)
  if (kept) document.documentElement.dataset.theme = kept
}

export function bindThemeSwitch(): void {
  document.querySelector('[data-theme-switch]')?.addEventListener('click', () => {
    const root = document.documentElement
    const dark =
      (root.dataset.theme ??
        (window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'
    root.dataset.theme = dark ? 'light' : 'dark'
    localStorage.setItem(KEPT, root.dataset.theme)
    document.dispatchEvent(new Event('terjime:theme'))
  })
}
