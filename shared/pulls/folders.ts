/** Shared by the two containers of a pull pod only: the socket over which they talk. */
export const talkFolder = '/run/image-rescue';
/** The Secret with the mirrors' credentials, in the registry container only; in memory on the node. */
export const secretFolder = '/run/mirror-secret';
export const secretFile = 'config.json';
/** Where the ConfigMap with the program is mounted. */
export const programFolder = '/opt/image-rescue';
