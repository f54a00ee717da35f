/** Which letters are right: 1, 2 … choose a reading, Enter takes it. */
export function mount(root: HTMLElement): () => void {
  const press = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement
    if (event.ctrlKey || event.altKey || event.metaKey || target.closest('select')) return
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1]
    const choice = digit && root.querySelector<HTMLInputElement>(`[data-key="${digit}"]`)
    if (choice) {
      event.preventDefault()
      choice.checked = true
      choice.focus()
    }
  }
  document.addEventListener('keydown', press)
  // A reading and another encoding exclude each other.
  const other = root.querySelector<HTMLSelectElement>('#other')
  const change = () => {
    for (const choice of root.querySelectorAll<HTMLInputElement>('[data-key]')) {
      choice.required = !other?.value
      if (other?.value) choice.checked = false
    }
  }
  other?.addEventListener('change', change)
  return () => {
    document.removeEventListener('keydown', press)
    other?.removeEventListener('change', change)
  }
}
