/** Another profile brings its own numbers into the fields. */
type Numbers = Readonly<Record<string, string | number | boolean | null | object>>

export function mount(root: HTMLElement): () => void {
  const props = JSON.parse(root.querySelector('[data-props]')!.textContent!) as {
    readonly standards: Readonly<Record<string, Numbers>>
  }
  const base = root.querySelector<HTMLSelectElement>('#base')!
  const fill = () => {
    const numbers = props.standards[base.value]
    for (const field of root.querySelectorAll<HTMLInputElement>('.numbers input')) {
      const value = numbers?.[field.name]
      field.value = value === null || value === undefined ? '' : String(value)
    }
  }
  base.addEventListener('change', fill)
  return () => base.removeEventListener('change', fill)
}
