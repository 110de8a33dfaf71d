package io.github.qcow4j.nativeio;

import io.github.qcow4j.nativeio.panama.PanamaProvider;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The volumes of this host. Any thread may ask. */
public final class Volumes {

  private Volumes() {}

  /** The host's file system through the provider chosen for this process. */
  public static Volume host() {
    return Chosen.HOST;
  }

  /** Chosen when first asked for, and kept. */
  private static final class Chosen {
    static final Volume HOST = choose();

    private static Volume choose() {
      try {
        return PanamaProvider.open("the first choice works");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
