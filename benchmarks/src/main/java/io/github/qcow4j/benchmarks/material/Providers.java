package io.github.qcow4j.benchmarks.material;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;

/** The ways to the kernel, by their names. */
public final class Providers {

  private Providers() {}

  /** The volume of this provider; an error where it does not work. */
  public static Volume named(String provider) {
    return Volumes.providers().stream()
        .filter(each -> each.provider().name().equals(provider))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException(provider + " does not work here"));
  }
}
