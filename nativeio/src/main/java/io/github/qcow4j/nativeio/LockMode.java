package io.github.qcow4j.nativeio;

/**
 * The two strengths of a byte range lock ({@code fcntl(2)}, {@code F_RDLCK} and {@code F_WRLCK}).
 */
public enum LockMode {
  /** Any number of holders at once; needs a file opened for reading. */
  SHARED,
  /** One holder alone; needs a file opened for writing. Asking about it does not. */
  EXCLUSIVE
}
