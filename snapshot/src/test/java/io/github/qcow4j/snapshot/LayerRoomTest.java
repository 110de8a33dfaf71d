package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A box gets no layer with which its disk could not be opened any more. */
final class LayerRoomTest {

  /** Its L1 table is of 32 MiB, and eight of them are what a chain may have. */
  private static final long LARGEST_DISK = 1L << 51;

  @TempDir private Path directory;
  private BoxHome home;

  @BeforeEach
  void openHome() throws IOException {
    home = BoxHome.open(HomeOptions.of(directory.resolve("home")));
  }

  @AfterEach
  void close() throws IOException {
    home.close();
  }

  private void make(String box, DiskSource root) throws IOException {
    home.create(new CreateRequest(box, List.of(root)), new JobControl());
  }

  private void snapshots(String box, int count) throws IOException {
    for (int i = 1; i <= count; i++) {
      home.snapshot(box, "s" + i, "");
    }
  }

  private int depth(String box) throws IOException {
    return home.show(box).disks().getFirst().chainDepth();
  }

  private void refused(ThrowingCallable operation) throws IOException {
    Set<String> before = files();
    assertThatThrownBy(operation)
        .isInstanceOfSatisfying(
            LimitExceededException.class,
            e -> assertThat(e.limit()).isEqualTo(FormatLimits.MAX_CHAIN_L1_BYTES));
    assertThat(files()).isEqualTo(before);
  }

  private Set<String> files() throws IOException {
    try (Stream<Path> found = Files.walk(home.directory())) {
      return found
          .filter(path -> path.toString().endsWith(".qcow2"))
          .map(Path::toString)
          .collect(Collectors.toSet());
    }
  }

  @Test
  void noLayerIsAddedWithWhichTheChainCouldNotBeOpened() throws Exception {
    make("web", new DiskSource.Empty(BoxDisk.ROOT, LARGEST_DISK));
    snapshots("web", 7);
    refused(() -> home.snapshot("web", "s8", ""));
    refused(
        () -> home.cloneBox(new CloneRequest("web", null, List.of("c"), false), new JobControl()));
    refused(() -> home.restore(new RestoreRequest("web", "s1", "kept")));
    assertThat(home.snapshots("web")).hasSize(7);
    assertThat(home.list()).extracting(Box::name).containsExactly("web");
    home.cloneBox(new CloneRequest("web", "s7", List.of("c"), false), new JobControl());
    home.restore(new RestoreRequest("web", "s6", null));
    home.snapshot("web", "on s6", "");
    assertThat(depth("web")).isEqualTo(8);
    DiskImages.open(
            Volumes.host(),
            home.path("web", BoxDisk.ROOT),
            ReferencePolicy.allow(),
            DiskBytes.options())
        .close();
  }

  @Test
  void layersOutsideTheHomeCount() throws Exception {
    Path below = null;
    for (int i = 0; i < 7; i++) {
      Path image = directory.resolve("outside-" + i);
      ImageSpec spec = ImageSpec.ofSize(LARGEST_DISK);
      ImageCreation.create(
          Volumes.host(),
          image,
          below == null ? spec : spec.withBacking(below.toString(), "qcow2"));
      below = image;
    }
    make("web", new DiskSource.Overlay(BoxDisk.ROOT, below, null));
    refused(() -> home.snapshot("web", "s1", ""));
    ImageCreation.create(
        Volumes.host(),
        directory.resolve("eighth"),
        ImageSpec.ofSize(LARGEST_DISK).withBacking(below.toString(), "qcow2"));
    refused(
        () -> make("db", new DiskSource.Overlay(BoxDisk.ROOT, directory.resolve("eighth"), null)));
  }

  /** The catalogue alone cannot say that these fit, and the headers do. */
  @Test
  void manyLayersOfALargeDiskWithClustersOfTheUsualSizeFit() throws Exception {
    make("web", new DiskSource.Empty(BoxDisk.ROOT, 1L << 44));
    snapshots("web", 12);
    assertThat(depth("web")).isEqualTo(13);
  }
}
