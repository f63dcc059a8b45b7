// The page's script in one file, made anew for each run.
import { build } from 'esbuild'

export async function bundle(file) {
  const result = await build({
    entryPoints: [new URL(file, import.meta.url).pathname],
    bundle: true, write: false, format: 'iife', platform: 'browser', target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
    logLevel: 'error'
  })
  return result.outputFiles[0].text
}
