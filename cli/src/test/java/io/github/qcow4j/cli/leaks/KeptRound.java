package io.github.qcow4j.cli.leaks;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.WritableImage;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.HomeOptions;
import io.github.qcow4j.snapshot.archive.ArchiveDestination;
import io.github.qcow4j.snapshot.archive.Compression;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.ExportRequest;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/** What programs do that embed this one: a home and an image stay open for ever. */
final class KeptRound implements AutoCloseable {

  private static final int DISK_BYTES = 1 << 20;
  private static final String BOX = "kept";

  private final BoxHome home;
  private final Qcow2Image image;

  /** In a directory of its own. */
  KeptRound(Path directory) throws IOException {
    home = BoxHome.open(HomeOptions.of(directory.resolve("home")));
    Path file = directory.resolve("kept.qcow2");
    ImageCreation.create(Volumes.host(), file, ImageSpec.ofSize(DISK_BYTES));
    image = WritableImage.open(file);
  }

  void run() throws IOException {
    changeImage();
    JobControl control = new JobControl();
    DiskSource empty = new DiskSource.Empty(BoxDisk.ROOT, DISK_BYTES);
    Object _ = home.create(new CreateRequest(BOX, List.of(empty)), control);
    Object _ = home.snapshot(BOX, "one", "");
    Object _ = home.snapshot(BOX, "two", "");
    Object _ = home.restore(new RestoreRequest(BOX, "one", null));
    Object _ = home.undo(BOX);
    Object _ = home.cloneBox(new CloneRequest(BOX, "one", List.of("copy"), false), control);
    for (Compression each : Compression.values()) {
      export(each);
    }
    home.remove("copy", false);
    Object _ = home.mergeSnapshot(BOX, "one", control);
    Object _ = home.list();
    Object _ = home.check(false, control);
    home.remove(BOX, true);
    Object _ = home.collect(CollectRequest.ofGarbage(false), control);
  }

  private void export(Compression compression) throws IOException {
    try (WritableByteChannel nowhere = Channels.newChannel(OutputStream.nullOutputStream())) {
      Object _ =
          home.export(
              new ExportRequest(BOX, "two", compression, compression.defaultLevel()),
              new ArchiveDestination.ToChannel(nowhere),
              new JobControl());
    }
  }

  private void changeImage() throws IOException {
    for (long offset = 0; offset < DISK_BYTES; offset += DISK_BYTES / 16) {
      image.write(offset, ByteBuffer.allocate(4096));
    }
    InternalSnapshot taken = image.createSnapshot("one", Instant.EPOCH);
    image.write(0, ByteBuffer.allocate(4096));
    image.applySnapshot(taken);
    image.deleteSnapshot(taken);
    image.changeBitmaps(List.of(new BitmapChange.Add("marks", 0)));
    image.changeBitmaps(List.of(new BitmapChange.Remove("marks")));
    image.sync();
  }

  @Override
  public void close() throws IOException {
    try (home) {
      image.close();
    }
  }
}
