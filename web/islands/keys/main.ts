/** The table of keys on the help page. */
import { keysTable, lettersSwitch } from '../shared/commands.ts'

export function mount(root: HTMLElement): void {
  root.querySelector('[data-part="keys"]')!.replaceChildren(lettersSwitch(), keysTable())
}
