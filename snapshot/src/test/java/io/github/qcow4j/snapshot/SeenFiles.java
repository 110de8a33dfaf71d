package io.github.qcow4j.snapshot;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.StoredName;
import io.github.qcow4j.qcow2.inspect.ImageInspector;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What disks show and headers say, read once for each content: of tens of thousands of crash states
 * most files are those of another state. What a disk shows follows from the bytes of its file and
 * of all files that the headers lead to, and from nothing else. On real volumes all is read.
 */
final class SeenFiles {

  private static final String RAW_SUFFIX = ".raw";

  /** By the file's bytes. */
  private static final Map<Long, Optional<String>> BACKING_NAMES = new ConcurrentHashMap<>();

  /** By the bytes of all files of a chain, from the top. */
  private static final Map<List<Long>, String> SHOWN = new ConcurrentHashMap<>();

  private SeenFiles() {}

  /** The digest of what a disk shows. */
  static String shown(Volume volume, Path disk) throws IOException {
    if (!(volume instanceof SimulatedVolume simulated)) {
      return read(volume, disk);
    }
    List<Long> chain = new ArrayList<>();
    Path next = disk;
    while (next != null) {
      chain.add(simulated.contentHash(next));
      next = below(volume, next);
    }
    String known = SHOWN.get(chain);
    if (known == null) {
      known = read(volume, disk);
      SHOWN.put(chain, known);
    }
    return known;
  }

  /** The digest of a file. */
  static String bytes(Volume volume, Path file) throws IOException {
    return DiskBytes.digest(DiskBytes.file(volume, file));
  }

  private static String read(Volume volume, Path disk) throws IOException {
    return DiskBytes.digest(DiskBytes.read(volume, disk));
  }

  private static @Nullable Path below(Volume volume, Path image) throws IOException {
    String name = image.toString().endsWith(RAW_SUFFIX) ? null : backingName(volume, image);
    return name == null ? null : StoredName.resolveBacking(image, name).normalize();
  }

  /** The backing file that a qcow2 image's header names, or null for none. */
  static @Nullable String backingName(Volume volume, Path image) throws IOException {
    if (!(volume instanceof SimulatedVolume simulated)) {
      return inspect(volume, image);
    }
    long hash = simulated.contentHash(image);
    Optional<String> known = BACKING_NAMES.get(hash);
    if (known == null) {
      known = Optional.ofNullable(inspect(volume, image));
      BACKING_NAMES.put(hash, known);
    }
    return known.orElse(null);
  }

  private static @Nullable String inspect(Volume volume, Path image) throws IOException {
    return ImageInspector.inspect(volume, image, ImageOptions.of(ImageFormat.QCOW2)).backingName();
  }
}
