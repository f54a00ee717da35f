/** Works out a file's SHA-256 piece by piece (WebCrypto wants it whole) and says how far it is. */
import { createSHA256 } from 'hash-wasm'

const PIECE = 4 * 1024 * 1024

self.onmessage = async (event: MessageEvent<File>) => {
  const file = event.data
  try {
    const hash = await createSHA256()
    for (let at = 0; at < file.size; at += PIECE) {
      hash.update(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()))
      self.postMessage({ done: Math.min(file.size, at + PIECE) })
    }
    self.postMessage({ sha256: hash.digest() })
  } catch (error) {
    self.postMessage({ error: String(error) })
  }
}
