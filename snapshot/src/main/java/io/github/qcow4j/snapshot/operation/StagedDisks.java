package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.rebase.BackingName;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.ImageKind;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.intake.StagedDisk;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.layout.Names;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What was staged and found sound becomes part of a home. For one thread. */
final class StagedDisks {

  private final Home home;
  private final Draft draft;
  private final Instant now;

  StagedDisks(Home home, Draft draft, Instant now) {
    this.home = home;
    this.draft = draft;
    this.now = now;
  }

  /** Requires names that disks of boxes can have, none of them twice. */
  static void requireRoles(List<StagedDisk> disks) throws IOException {
    Set<String> roles = new HashSet<>();
    for (StagedDisk disk : disks) {
      if (!roles.add(Names.requireRole(disk.role()))) {
        throw new InvalidRequestException("two disks of the role '" + disk.role() + "'");
      }
    }
  }

  /** The costliest way in which their data came. */
  static CopyMethod method(List<StagedDisk> disks) {
    CopyResult all = CopyResult.NONE;
    for (StagedDisk disk : disks) {
      all = all.plus(disk.copied());
    }
    return CapturedFile.method(all);
  }

  /** A layer of the home for many to lie on; rows and files go to the draft. */
  Below layer(StagedDisk disk, @Nullable String boxId) throws IOException {
    String layerId = home.ids().next();
    String file = HomeLayout.layer(layerId, disk.format());
    Path path = home.layout().resolve(file);
    draft.make(file, () -> adopt(disk, path, null));
    draft.doomed.add(home.layout().home().relativize(disk.path()).toString());
    draft.change(
        Change.addImage(
            layerId,
            ImageKind.ROOTFS,
            file,
            disk.format().label(),
            disk.virtualSize(),
            now,
            boxId));
    draft.change(Change.link(layerId, parent(disk)));
    return Below.layer(layerId, file, disk.format().label());
  }

  /** A live disk of a box: the staged file itself where that is qcow2, else an overlay of it. */
  Replacing.NewDisk live(StagedDisk disk, String boxId) throws IOException {
    long size = disk.virtualSize();
    if (disk.format() == ImageFormat.QCOW2) {
      draft.doomed.add(home.layout().home().relativize(disk.path()).toString());
      return new Replacing.NewDisk(size, parent(disk), (path, like) -> adopt(disk, path, like));
    }
    Below below = layer(disk, boxId);
    NewImages images = new NewImages(home.volume());
    return new Replacing.NewDisk(
        size, below.parent(), (path, like) -> images.empty(path, size, below, like));
  }

  private static @Nullable Parent parent(StagedDisk disk) {
    StagedDisk.BackingLink backing = disk.backing();
    return backing == null ? null : new Parent.Outside(backing.path().toString(), backing.format());
  }

  /** Gives the file another name, the first being left should all be undone. */
  private void adopt(StagedDisk disk, Path path, @Nullable Path like) throws IOException {
    StagedDisk.BackingLink backing = disk.backing();
    if (backing != null) {
      // The header says what the catalogue does, to the letter.
      Rebase.rename(
          home.volume(),
          disk.path(),
          ImageOptions.of(ImageFormat.QCOW2),
          new BackingName(backing.path().toString(), backing.format()));
    }
    SecondName.give(home.volume(), disk.path(), path);
    if (like == null) {
      home.volume().setPermissions(path, HomeLayout.PRIVATE_FILE);
    } else {
      try (BlockFile file = home.volume().open(path, OpenOptions.writing())) {
        home.volume().copyPermissions(like, file);
      }
    }
  }
}
