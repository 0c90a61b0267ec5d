/** What Vite makes of an import that is not a module. */
declare module "*?url" {
  const url: string
  export default url
}
declare module "*.css"
