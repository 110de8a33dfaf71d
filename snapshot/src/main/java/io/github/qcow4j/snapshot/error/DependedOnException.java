package io.github.qcow4j.snapshot.error;

import java.util.List;

/** Others would lose their data if it went. */
public final class DependedOnException extends BoxException {

  private static final long serialVersionUID = 1L;

  private final List<String> dependants;

  /**
   * @param message what was to go, and what to do
   * @param dependants what depends on it, each in words
   */
  public DependedOnException(String message, List<String> dependants) {
    super(Kind.CONFLICT, message + ": " + String.join(", ", dependants));
    this.dependants = List.copyOf(dependants);
  }

  /** What depends on it, each in words. */
  public List<String> dependants() {
    return dependants;
  }
}
