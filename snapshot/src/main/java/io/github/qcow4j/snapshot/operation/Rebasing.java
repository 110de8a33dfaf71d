package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.BackingName;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.qcow2.rebase.RebaseOptions;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.lease.LeaseSet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lays an image on another one further down its chain: what it showed of the images between moves
 * into it first, its header is written last. It shows the same at every moment.
 */
final class Rebasing {

  private Rebasing() {}

  /**
   * Does it; durable on return. The caller keeps others away from the image. Says how what moved
   * came into it, which nobody knows when the storage failed after the header was written.
   *
   * @param box the box that it is done for
   * @param target what it is to lie on, or null for nothing
   */
  static CopyResult run(
      Home home, BoxRow box, ImageRow image, @Nullable Parent target, JobControl control)
      throws IOException {
    BackingName name = backingName(home, target);
    Path path = home.layout().resolve(image.file());
    Draft draft = new Draft();
    draft.switches.add(
        new FileSwitch(
            FileSwitch.Kind.REBASE,
            image.file(),
            name == null ? "" : name.name(),
            name == null ? "" : name.format(),
            0));
    draft.change(Change.link(image.id(), target));
    List<CopyResult> moved = new ArrayList<>();
    try (LeaseSet below = new LeaseSet()) {
      holdBelow(home, image, below);
      home.journal()
          .run(
              draft.intent(home, Operations.MERGE, box.id()),
              () -> moved.add(rebase(home, path, name, control)));
    }
    return moved.isEmpty() ? CopyResult.NONE : moved.getFirst();
  }

  /** What it shows is read from all that lies below. */
  private static void holdBelow(Home home, ImageRow image, LeaseSet held) throws IOException {
    if (image.parent() instanceof Parent.Inside inside) {
      ImageRow below = home.read(rows -> new Images(rows).byId(inside.imageId()));
      if (below != null) {
        home.leaseChainForReading(below, held);
      }
    }
  }

  private static CopyResult rebase(
      Home home, Path path, @Nullable BackingName name, JobControl control) throws IOException {
    try {
      return Rebase.run(
              home.volume(),
              path,
              home.policy(),
              NewImages.options(ImageFormat.QCOW2),
              name,
              RebaseOptions.DEFAULT,
              control)
          .data();
    } catch (ImageInUseException e) {
      throw NewImages.writtenElsewhere(path, e);
    }
  }

  private static @Nullable BackingName backingName(Home home, @Nullable Parent target)
      throws IOException {
    return switch (target) {
      case null -> null;
      case Parent.Outside outside -> new BackingName(outside.path(), outside.format());
      case Parent.Inside inside -> {
        ImageRow below = home.read(rows -> new Images(rows).byId(inside.imageId()));
        if (below == null) {
          throw new IOException("the catalogue has no image '" + inside.imageId() + "'");
        }
        Below stored = Below.layer(below);
        yield new BackingName(stored.storedName(), stored.format());
      }
    };
  }
}
