package io.github.qcow4j.qcow2;

import static io.github.qcow4j.qcow2.Disks.QCOW2;
import static io.github.qcow4j.qcow2.Disks.VOLUME;
import static io.github.qcow4j.qcow2.Disks.contentByQemu;
import static io.github.qcow4j.qcow2.Disks.contentOf;
import static io.github.qcow4j.qcow2.Disks.open;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.error.ReferenceTrail;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.SpecialImages;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Chains are opened whole or not at all: finite, of regular files, in the formats stated. */
class ChainOpeningTest {

  private static final int SIZE = 1 << 20;

  @TempDir private Path directory;
  private Workbench bench;

  @BeforeEach
  void prepare() throws IOException {
    bench = Workbench.in(directory.toRealPath());
  }

  @Test
  void aChainOfAsManyImagesAsTheLimitIsReadAndOneMoreIsRefused() throws IOException {
    Path above = SpecialImages.named("chain-of-256").build(directory.toRealPath());
    Path limit = above.resolveSibling("layer-255.qcow2");
    TappedVolume tapped = new TappedVolume(VOLUME);

    try (DiskImage disk = open(limit)) {
      assertThat(disk.layers()).hasSize(256);
      assertThat(contentOf(disk)).startsWith(new byte[] {3, 3, 3, 3});
    }
    assertThatThrownBy(
            () -> DiskImages.open(tapped.volume(), above, ReferencePolicy.allow(), QCOW2))
        .isInstanceOfSatisfying(
            LimitExceededException.class, e -> assertThat(e.limit()).isEqualTo(256));
    assertThat(tapped.calls().stream().filter(call -> call.is("open")))
        .as("the layer beyond the limit is not opened")
        .hasSize(256);
  }

  @Test
  void theLimitIsTheCallersToChoose() throws IOException {
    Path top = twoLayers();

    assertThatThrownBy(() ->
            DiskImages.open(VOLUME, top, ReferencePolicy.allow(), QCOW2.withMaxChainLayers(1)))
        .isInstanceOf(LimitExceededException.class);
    DiskImages.open(VOLUME, top, ReferencePolicy.allow(), QCOW2.withMaxChainLayers(2)).close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aLoopIsRecognisedByTheFileAndNotByItsName(boolean symbolic) throws IOException {
    Path top = bench.unsafeOverlay("top.qcow2", "alias.qcow2", "qcow2", SIZE);
    if (symbolic) {
      Files.createSymbolicLink(bench.path("alias.qcow2"), top);
    } else {
      Files.createLink(bench.path("alias.qcow2"), top);
    }

    assertThatThrownBy(() -> open(top))
        .isInstanceOf(CorruptImageException.class)
        .hasMessage("Backing file '" + bench.path("alias.qcow2") + "' creates an infinite loop.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"parent-missing", "grandparent-missing", "backing-name-of-1023-bytes"})
  void aMissingParentIsAnErrorThatNamesTheWayThere(String special) {
    Path image = SpecialImages.named(special).build(directory);

    Throwable refusal = catchThrowable(() -> open(image));

    assertThat(refusal).isInstanceOf(IOException.class).isNotInstanceOf(ImageException.class);
    List<Path> way =
        Stream.of(refusal.getSuppressed())
            .map(trail -> ((ReferenceTrail) trail).namingImage())
            .toList();
    assertThat(way).isNotEmpty().last().isEqualTo(image);
  }

  @Test
  void aParentIsReadInItsStatedFormatOrNotAtAll() {
    Path wrong = SpecialImages.named("parent-of-wrong-format").build(directory);
    Path unknown = SpecialImages.named("parent-format-unknown").build(directory);

    assertThatThrownBy(() -> open(wrong))
        .isInstanceOf(CorruptImageException.class)
        .hasMessage("Image is not in qcow2 format");
    assertThatThrownBy(() -> open(unknown))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessage("Unknown driver 'vhdx9'");
  }

  @Test
  void aFifoADirectoryAndACharacterDeviceAreNoParents() throws Exception {
    Process made = new ProcessBuilder("mkfifo", bench.path("fifo").toString()).start();
    assertThat(made.waitFor()).isZero();
    for (String name : List.of("fifo", ".", "/dev/zero")) {
      Path image = bench.unsafeOverlay("top.qcow2", name, "raw", SIZE);

      assertThatThrownBy(() -> open(image))
          .as(name)
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(ImageException.class);
    }
    assertNothingOpen();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "parent-of-size-zero",
        "backing-name-dot-dot",
        "reached-through-a-link",
        "backing-name-through-a-link",
        "stale-data-under-zeros",
        "data-file-shorter-than-disk"
      })
  void unusualButSoundChainsReadAsQemuReadsThem(String special) throws IOException {
    Path image = SpecialImages.named(special).build(directory);

    assertThat(contentOf(image)).isEqualTo(contentByQemu(image));
  }

  @Test
  void aRelativeDataFileIsLookedForInTheWorkingDirectoryAndNotBesideTheImage() throws IOException {
    Path image = SpecialImages.named("data-file-name-relative").build(directory);
    assertThat(image.resolveSibling("guest.data")).exists();

    assertThatThrownBy(() -> open(image))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageStartingWith("guest.data");

    String fromHere =
        Path.of("")
            .toRealPath()
            .relativize(image.resolveSibling("guest.data").toRealPath())
            .toString();
    bench.operate(
        image,
        surgeon ->
            surgeon
                .extensions()
                .replace(HeaderExtensions.DATA_FILE, fromHere.getBytes(StandardCharsets.UTF_8)));
    assertThat(contentOf(image)).startsWith(new byte[] {5, 5, 5});
  }

  @Test
  void aDataFileNameIsAPlainFileNameWhateverItLooksLike() {
    Path image = SpecialImages.named("data-file-name-json").build(directory);

    assertThatThrownBy(() -> open(image))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageStartingWith("json:{\"driver\":\"null-co\"}");
  }

  @Test
  void anImageThatNeedsADataFileDoesNotOpenWithoutOne() {
    Path missing = SpecialImages.named("data-file-missing").build(directory);
    Path unnamed = SpecialImages.named("data-file-without-name").build(directory);

    assertThatThrownBy(() -> open(missing)).isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> open(unnamed))
        .isInstanceOf(CorruptImageException.class)
        .hasMessage("'data-file' is required for this image");
  }

  @Test
  void afterAFailureNothingStaysOpenAndAfterCloseNeither() throws IOException {
    Path loop = SpecialImages.named("loop-behind-an-overlay").build(directory.toRealPath());
    Path missing = SpecialImages.named("data-file-missing").build(directory.toRealPath());

    assertThat(catchThrowable(() -> open(loop))).isNotNull();
    assertThat(catchThrowable(() -> open(missing))).isNotNull();
    open(twoLayers()).close();

    assertNothingOpen();
  }

  private Path twoLayers() {
    bench.image("base.qcow2", "", SIZE, "write -P 66 0 1M");
    return bench.overlay("top.qcow2", "", "base.qcow2");
  }

  private void assertNothingOpen() throws IOException {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      assertThat(descriptors.filter(this::leadsHere)).isEmpty();
    }
  }

  private boolean leadsHere(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).startsWith(bench.directory());
    } catch (IOException e) {
      return false; // Closed since it was listed: the listing's own.
    }
  }
}
