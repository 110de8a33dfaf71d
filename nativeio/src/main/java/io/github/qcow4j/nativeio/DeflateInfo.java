package io.github.qcow4j.nativeio;

/**
 * Who deflates and inflates in this process.
 *
 * @param name {@code libdeflate} or {@code jdk}
 * @param reason why, in one line; for {@code libdeflate}, where it was loaded from
 */
public record DeflateInfo(String name, String reason) {

  /** Whether this is the fast one. */
  public boolean isLibdeflate() {
    return name.equals(Libdeflate.NAME);
  }
}
