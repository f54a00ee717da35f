/** Signing out empties this computer; it asks first when the server does not have everything yet. */
import { countWaiting, forgetAll } from './outbox.ts'
import { say } from './words.ts'

export function bindSignOut(): void {
  const form = document.querySelector<HTMLFormElement>('form[data-sign-out]')
  form?.addEventListener('submit', (event) => {
    if (form.dataset.sure) return
    event.preventDefault()
    void countWaiting()
      .catch(() => 0)
      .then((waiting) => (waiting === 0 ? leave(form) : askFirst(form)))
  })
}

async function leave(form: HTMLFormElement): Promise<void> {
  await forgetAll().catch(() => {})
  form.dataset.sure = 'yes'
  form.requestSubmit()
}

function askFirst(form: HTMLFormElement): void {
  const dialog = document.createElement('dialog')
  dialog.setAttribute('aria-labelledby', 'sign-out-title')
  const title = document.createElement('h2')
  title.id = 'sign-out-title'
  title.textContent = say('signOutTitle')
  const text = document.createElement('p')
  text.textContent = say('signOutText')
  const row = document.createElement('div')
  row.className = 'row'
  const stay = document.createElement('button')
  stay.className = 'primary'
  stay.textContent = say('stay')
  stay.addEventListener('click', () => dialog.close())
  const go = document.createElement('button')
  go.className = 'danger'
  go.textContent = say('signOutAnyway')
  go.addEventListener('click', () => void leave(form))
  row.append(stay, go)
  const body = document.createElement('div')
  body.className = 'stack'
  body.append(title, text, row)
  dialog.append(body)
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
}
