package io.github.qcow4j.qcow2.chain;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.error.ReferenceDeniedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The caller's decision about the files that an image names: its backing file and its data file.
 * Every way to open an image asks for one; none is implied.
 *
 * <p>Why: an image from a stranger may name any file of the host, and whoever opens it for the
 * stranger would hand that file out. Names of protocols ({@code json:}, {@code nbd:} …) never reach
 * a policy, they are always denied.
 *
 * <p>Implementations must be safe for use by many threads.
 */
public interface ReferencePolicy {

  /**
   * Decides about one reference, before the file is opened.
   *
   * @param reference what is named, by which image
   * @param volume to look names up; must not be used to open the file
   * @return the name to open it by: the resolved one, or its real path when that is what was
   *     decided about
   * @throws ReferenceDeniedException when the file must not be opened
   * @throws IOException when the question could not be answered, which is no permission
   */
  Path admit(Reference reference, Volume volume) throws IOException;

  /**
   * Whether the format of a backing file may be guessed from its content when the header states
   * none. Dangerous where a guest can write the beginning of a raw backing file: it could turn it
   * into a qcow2 image that names any file.
   */
  default boolean mayProbeFormat() {
    return false;
  }

  /** Nothing an image names is opened. */
  static ReferencePolicy deny() {
    return (reference, volume) -> {
      throw denied(reference, "references are not allowed here");
    };
  }

  /** Files below the directory of the image that names them, links resolved on both sides. */
  static ReferencePolicy sameDirectory() {
    return (reference, volume) -> {
      Path real = volume.realPath(reference.resolved());
      Path naming = volume.realPath(reference.namingImage()).getParent();
      if (naming == null || !real.startsWith(naming)) {
        throw denied(reference, "it lies outside the directory of the image that names it");
      }
      return real;
    };
  }

  /** Files below one of these directories, links resolved on both sides. */
  static ReferencePolicy under(Path... directories) {
    List<Path> roots = List.of(directories);
    return (reference, volume) -> {
      Path real = volume.realPath(reference.resolved());
      for (Path root : roots) {
        if (real.startsWith(volume.realPath(root))) {
          return real;
        }
      }
      throw denied(reference, "it lies outside the allowed directories");
    };
  }

  /** Every plain local file whose format the header states. */
  static ReferencePolicy allow() {
    return (reference, volume) -> reference.resolved();
  }

  /**
   * What {@code qemu-img} does: every plain local file, its format guessed where none is stated.
   */
  static ReferencePolicy allowAndProbe() {
    return new ReferencePolicy() {
      @Override
      public Path admit(Reference reference, Volume volume) {
        return reference.resolved();
      }

      @Override
      public boolean mayProbeFormat() {
        return true;
      }
    };
  }

  private static ReferenceDeniedException denied(Reference reference, String reason) {
    return new ReferenceDeniedException(reference.namingImage(), reference.storedName(), reason);
  }
}
