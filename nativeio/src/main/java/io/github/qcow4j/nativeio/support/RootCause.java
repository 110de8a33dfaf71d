package io.github.qcow4j.nativeio.support;

/** What a provider that cannot be had gives as its reason. */
public final class RootCause {

  private RootCause() {}

  /** One line on what stands behind a failure, a class that could not be initialised say. */
  public static String message(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    if (root instanceof ClassNotFoundException || root instanceof NoClassDefFoundError) {
      return "no class " + root.getMessage();
    }
    String message = root.getMessage() != null ? root.getMessage() : root.toString();
    return message.lines().findFirst().orElseGet(root::toString);
  }
}
