/** Dialogs that stand in the page: opened by data-open, closed by data-close. And the button that prints. */
export function bindDialogs(): void {
  document.addEventListener('click', (event) => {
    const target = event.target as Element
    const opener = target.closest<HTMLElement>('[data-open]')
    const dialog = opener && document.getElementById(opener.dataset.open ?? '')
    if (dialog instanceof HTMLDialogElement) dialog.showModal()
    if (target.closest('[data-close]')) target.closest('dialog')?.close()
    if (target.closest('[data-print]')) window.print()
  })
}
