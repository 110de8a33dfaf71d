package io.github.qcow4j.qcow2;

import static io.github.qcow4j.qcow2.Disks.QCOW2;
import static io.github.qcow4j.qcow2.Disks.VOLUME;
import static io.github.qcow4j.qcow2.Disks.contentOf;
import static io.github.qcow4j.qcow2.Disks.open;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.qcow2.chain.Reference;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.error.ReferenceDeniedException;
import io.github.qcow4j.qcow2.error.ReferenceTrail;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.testing.SpecialImages;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an image may lead to is decided by the caller's policy, and by nothing else. */
class ReferencePolicyTest {

  private static final int SIZE = 1 << 20;

  @TempDir private Path directory;
  private Workbench bench;

  @BeforeEach
  void prepare() throws IOException {
    Files.createDirectories(directory.resolve("home/layers"));
    Files.createDirectories(directory.resolve("elsewhere"));
    bench = Workbench.in(directory.toRealPath());
  }

  @Test
  void denyOpensImagesWithoutReferencesOnly() throws IOException {
    Path base = base("home/base.qcow2");
    Path top = overlay("base.qcow2");

    assertDenied(top, ReferencePolicy.deny());
    open(base, ReferencePolicy.deny()).close();
  }

  @Test
  void sameDirectoryFollowsNamesInAndBelowTheDirectory() throws IOException {
    base("home/base.qcow2");
    base("home/layers/base.qcow2");
    for (String name :
        List.of(
            "base.qcow2",
            "./base.qcow2",
            "../home/base.qcow2",
            "layers/base.qcow2",
            bench.path("home/base.qcow2").toString())) {
      open(overlay(name), ReferencePolicy.sameDirectory()).close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"../elsewhere/base.qcow2", "link.qcow2", "links/base.qcow2", "ABSOLUTE"})
  void sameDirectoryRefusesNamesAndLinksThatLeadOut(String name) throws IOException {
    Path outside = base("elsewhere/base.qcow2");
    Files.createSymbolicLink(bench.path("home/link.qcow2"), outside);
    Files.createSymbolicLink(bench.path("home/links"), outside.getParent());
    Path top = overlay(name.equals("ABSOLUTE") ? outside.toString() : name);

    assertDenied(top, ReferencePolicy.sameDirectory());
  }

  @Test
  void sameDirectoryIsTheDirectoryOfTheLayerThatNames() throws IOException {
    base("home/base.qcow2");
    unsafeOverlay("home/layers/middle.qcow2", "../base.qcow2");

    assertDenied(overlay("layers/middle.qcow2"), ReferencePolicy.sameDirectory());
  }

  @Test
  void underFollowsNamesBelowItsRootsAlsoWhenARootIsALink() throws IOException {
    base("elsewhere/base.qcow2");
    Path link = Files.createSymbolicLink(bench.path("root"), bench.path("elsewhere"));
    Path top = overlay("../elsewhere/base.qcow2");

    open(top, ReferencePolicy.under(bench.path("home"), link)).close();
    assertDenied(top, ReferencePolicy.under(bench.path("home")));
    assertDenied(top, ReferencePolicy.under());
  }

  @Test
  void underIsNotFooledByARootThatIsAPrefixOfAName() throws IOException {
    Files.createDirectories(bench.path("elsewhere-too"));
    base("elsewhere-too/base.qcow2");
    Path top = overlay("../elsewhere-too/base.qcow2");

    assertDenied(top, ReferencePolicy.under(bench.path("elsewhere")));
  }

  @Test
  void underIsNotFooledByALinkOutOfItsRoot() throws IOException {
    Path outside = base("elsewhere/base.qcow2");
    Files.createSymbolicLink(bench.path("home/layers/link.qcow2"), outside);

    assertDenied(overlay("layers/link.qcow2"), ReferencePolicy.under(bench.path("home")));
  }

  @Test
  void aFileThatIsNotThereIsNotDeniedButMissing() {
    Path top = overlay("gone.qcow2");

    for (ReferencePolicy policy :
        List.of(
            ReferencePolicy.allow(),
            ReferencePolicy.sameDirectory(),
            ReferencePolicy.under(bench.path("home")))) {
      assertThatThrownBy(() -> open(top, policy)).isInstanceOf(NoSuchFileException.class);
    }
  }

  @Test
  void aPolicyThatCannotTellIsNoPermission() throws IOException {
    base("home/base.qcow2");
    Path top = overlay("base.qcow2");

    assertThatThrownBy(() ->
            open(
                top,
                (reference, volume) -> {
                  throw Errno.EIO.exception("stat", reference.storedName());
                }))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(ImageException.class);
  }

  @Test
  void aPolicyHearsWhatIsNamedAndByWhom() throws IOException {
    Path base = base("home/base.qcow2");
    Path top = overlay("./base.qcow2");
    List<Reference> asked = new ArrayList<>();

    open(
            top,
            (reference, volume) -> {
              asked.add(reference);
              return reference.resolved();
            })
        .close();

    assertThat(asked)
        .containsExactly(
            new Reference(
                ReferenceTrail.Role.BACKING_FILE,
                top,
                "./base.qcow2",
                base.resolveSibling("./base.qcow2"),
                "qcow2"));
  }

  @Test
  void whatAPolicyAnswersIsWhatIsOpened() throws IOException {
    base("home/base.qcow2");
    Path other = bench.image("elsewhere/other.qcow2", "", SIZE, "write -P 99 0 1M");

    try (DiskImage disk = open(overlay("base.qcow2"), (reference, volume) -> other)) {
      assertThat(contentOf(disk)).containsOnly(99);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"backing-name-json", "backing-name-nbd"})
  void namesOfProtocolsAreDeniedWhateverThePolicy(String special) {
    Path image = SpecialImages.named(special).build(directory);

    assertDenied(image, ReferencePolicy.allowAndProbe());
    assertDenied(
        image,
        (reference, volume) -> {
          throw new AssertionError("the policy was asked about " + reference);
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"backing-name-file-protocol", "backing-name-with-colon"})
  void aColonMakesAProtocolOnlyBeforeTheFirstSlashAndFileIsALocalFile(String special)
      throws IOException {
    Path image = SpecialImages.named(special).build(directory);

    assertThat(contentOf(image)).containsOnly(66);
  }

  @Test
  void noPolicyButTheProbingOneGuessesAFormat() throws IOException {
    Path image = SpecialImages.named("parent-without-stored-format").build(directory);

    for (ReferencePolicy policy :
        List.of(
            ReferencePolicy.allow(),
            ReferencePolicy.sameDirectory(),
            ReferencePolicy.under(directory))) {
      assertThatThrownBy(() -> open(image, policy))
          .isInstanceOf(UnsupportedFeatureException.class)
          .hasMessageContaining("states no format");
    }
    open(image, ReferencePolicy.allowAndProbe()).close();
  }

  @Test
  void metadataOnlyAsksNobodyAndOpensTheNamedFileAlone() throws IOException {
    base("home/base.qcow2");
    Path top = overlay("base.qcow2");
    Path withData =
        bench.image("home/data.qcow2", "data_file=" + bench.path("home/guest.data"), SIZE);
    for (Path image : List.of(top, withData)) {
      TappedVolume tapped = new TappedVolume(VOLUME);
      DiskImages.open(
              tapped.volume(),
              image,
              (reference, volume) -> {
                throw new AssertionError("asked about " + reference);
              },
              QCOW2.withMetadataOnly())
          .close();

      assertThat(tapped.calls()).extracting(TappedVolume.Call::path).containsOnly(image);
    }
  }

  @Test
  void aDataFileIsSubjectToThePolicyToo() throws IOException {
    Path outside = bench.path("elsewhere/guest.data");
    Path image = bench.image("home/data.qcow2", "data_file=" + outside, SIZE, "write -P 5 0 1M");

    assertDenied(image, ReferencePolicy.deny());
    assertDenied(image, ReferencePolicy.sameDirectory());
    try (DiskImage disk = open(image, ReferencePolicy.under(bench.path("elsewhere")))) {
      assertThat(contentOf(disk)).containsOnly(5);
      assertThat(disk.dataFile().path()).isEqualTo(outside);
    }
  }

  private Path base(String name) {
    return bench.image(name, "", SIZE, "write -P 66 0 1M");
  }

  private Path overlay(String backingName) {
    return unsafeOverlay("home/top.qcow2", backingName);
  }

  private Path unsafeOverlay(String name, String backingName) {
    return bench.unsafeOverlay(name, backingName, "qcow2", SIZE);
  }

  private static void assertDenied(Path image, ReferencePolicy policy) {
    assertThatThrownBy(() -> open(image, policy)).isInstanceOf(ReferenceDeniedException.class);
  }
}
