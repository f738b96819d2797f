/** Shared by the two containers of a pull pod only: the socket over which they talk. */
export const talkFolder = '/run/image-rescue';
/** Where the ConfigMap with the program is mounted. */
export const programFolder = '/opt/image-rescue';
