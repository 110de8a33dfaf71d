package io.github.qcow4j.snapshot.journal;

import io.github.qcow4j.nativeio.Exchange;
import io.github.qcow4j.nativeio.FileIdentity;
import io.github.qcow4j.nativeio.Fork;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.inspect.ImageInspector;
import io.github.qcow4j.qcow2.rebase.BackingName;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A change of files in one step, as something that can be done, asked about, and undone. */
sealed interface FileSwitches {

  void run() throws IOException;

  Progress progress() throws IOException;

  void rollForward() throws IOException;

  void rollBack() throws IOException;

  static FileSwitches of(Volume volume, HomeLayout layout, FileSwitch each) throws IOException {
    Path live = layout.resolve(each.live());
    return switch (each.kind()) {
      case FORK -> {
        Path fresh = layout.resolve(each.fresh());
        yield new Forking(
            volume, new Fork(volume, live, layout.resolve(each.other()), fresh), fresh);
      }
      case EXCHANGE -> {
        Path fresh = layout.resolve(each.fresh());
        Exchange exchange = new Exchange(volume, live, layout.resolve(each.other()), fresh);
        yield new Exchanging(volume, exchange, live, fresh, each.inode());
      }
      case REBASE -> new Rebasing(volume, live, each.other(), each.fresh());
    };
  }

  /** A live file is frozen, and a child takes its place. */
  record Forking(Volume volume, Fork fork, Path fresh) implements FileSwitches {

    @Override
    public void run() throws IOException {
      fork.run();
    }

    @Override
    public Progress progress() throws IOException {
      return Progress.of(fork.state(), volume.exists(fresh));
    }

    @Override
    public void rollForward() throws IOException {
      fork.rollForward();
    }

    @Override
    public void rollBack() throws IOException {
      fork.rollBack();
    }
  }

  /** A live file is replaced, and kept. */
  record Exchanging(Volume volume, Exchange exchange, Path live, Path fresh, long oldInode)
      implements FileSwitches {

    @Override
    public void run() throws IOException {
      exchange.run();
    }

    @Override
    public Progress progress() throws IOException {
      return Progress.of(exchange.state(freshInode()), volume.exists(fresh));
    }

    @Override
    public void rollForward() throws IOException {
      exchange.rollForward(freshInode());
    }

    @Override
    public void rollBack() throws IOException {
      exchange.rollBack(freshInode());
    }

    /** Of the two files, the one that is not the replaced one. */
    private long freshInode() throws IOException {
      FileIdentity there = identity(fresh);
      if (there != null && there.inode() != oldInode) {
        return there.inode();
      }
      FileIdentity atLive = identity(live);
      return atLive != null && atLive.inode() != oldInode ? atLive.inode() : -1;
    }

    private @Nullable FileIdentity identity(Path path) throws IOException {
      try {
        return volume.linkStatus(path).identity();
      } catch (NoSuchFileException e) {
        return null;
      }
    }
  }

  /**
   * An overlay shows the same over another backing file: its header is written last, and whatever
   * data it was given before changes nothing that it shows. Only the header tells; the moving of
   * data is the operation's own.
   */
  record Rebasing(Volume volume, Path overlay, String newName, String newFormat)
      implements FileSwitches {

    @Override
    public void run() {}

    @Override
    public Progress progress() throws IOException {
      ImageOptions options =
          ImageOptions.of(ImageFormat.QCOW2).withSharing(ImageOptions.Sharing.FORCE_SHARE);
      String name = ImageInspector.inspect(volume, overlay, options).backingName();
      boolean done = Objects.requireNonNullElse(name, "").equals(newName);
      return done ? Progress.DONE : Progress.LOST;
    }

    @Override
    public void rollForward() throws IOException {
      // What a sync that failed did not store, a second write of it does.
      Rebase.rename(
          volume,
          overlay,
          ImageOptions.of(ImageFormat.QCOW2),
          newName.isEmpty() ? null : new BackingName(newName, newFormat));
    }

    @Override
    public void rollBack() {}
  }
}
