package io.github.qcow4j.qcow2.cluster;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.util.Native;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Loads zstd-jni's native library once for the whole process, before a class of it that would fail
 * with an {@link Error} in its initializer. Any thread may ask.
 */
final class ZstdLibrary {

  /** Settled at the first question. */
  private static final class Loaded {
    private static final @Nullable String OBSTACLE = load();
  }

  private ZstdLibrary() {}

  /**
   * Returns when there is zstd in this process.
   *
   * @param image the image that needs it, when known
   */
  static void require(@Nullable Path image) throws UnsupportedFeatureException {
    if (Loaded.OBSTACLE != null) {
      throw new UnsupportedFeatureException(
          image,
          "zstd needs a native library that cannot be loaded here: " + Loaded.OBSTACLE,
          "compression type zstd");
    }
  }

  private static @Nullable String load() {
    try {
      Native.load();
      return null;
    } catch (LinkageError | IllegalCallerException e) {
      // The library's own words are on a file that is missing, whatever the reason.
      return Zstd.class.getModule().isNativeAccessEnabled()
          ? String.valueOf(e.getMessage()).lines().findFirst().orElse("")
          : "native access is denied";
    }
  }
}
