// The build of msgpackr without `new Function` comes without types of its own: they are those of msgpackr.
declare module "msgpackr/index-no-eval" {
  export { addExtension, Packr, RESET_BUFFER_MODE } from "msgpackr";
}
