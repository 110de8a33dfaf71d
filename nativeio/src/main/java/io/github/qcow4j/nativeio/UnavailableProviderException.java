package io.github.qcow4j.nativeio;

/**
 * The provider that {@value Volumes#PROPERTY} asks for is not one, or does not work here; the
 * message says which, in one line.
 */
public final class UnavailableProviderException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  UnavailableProviderException(String message) {
    super(message);
  }
}
