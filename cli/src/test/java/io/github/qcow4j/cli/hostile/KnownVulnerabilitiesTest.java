package io.github.qcow4j.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.HeaderField;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The vulnerabilities that programs like this one have had, by name, and how they end here. */
final class KnownVulnerabilitiesTest {

  /** What verify ends with when something speaks against an image. */
  private static final int OBJECTIONABLE = 2;

  @TempDir private Path directory;
  private Scene scene;

  @BeforeEach
  void prepare() throws IOException {
    scene = Scene.in(directory);
  }

  @ParameterizedTest
  @ValueSource(strings = {"CVE-2008-2004", "CVE-2008-1945", "CVE-2013-1922"})
  void aHeaderThatAGuestWroteIntoItsRawDiskLeadsNowhere(String cve) throws IOException {
    Path disk = scene.overlay(scene.secret().toString(), "raw");

    Encounter info = scene.asQemuImg(disk, "info -f raw IMAGE");
    Encounter convert = scene.asQemuImg(disk, "convert -f raw -O qcow2 IMAGE OUT");

    assertThat(info.run().stdout()).as(cve).contains("file format: raw").doesNotContain("backing");
    assertThat(convert.run().exitCode()).isZero();
    assertThat(scene.openedSecret(info) || scene.openedSecret(convert)).isFalse();
  }

  @Test
  void aRawBackingFileThatLooksLikeQcow2StaysRawCve20082004() throws IOException {
    Path disk = scene.overlay(scene.secret().toString(), "raw");
    Path base = Files.move(disk, scene.uploads().resolve("guest.raw"));
    Path top = scene.overlay(base.getFileName().toString(), "raw");

    Encounter convert = scene.asQemuImg(top, "convert -O raw IMAGE OUT");

    assertThat(convert.run().exitCode()).as("%s", convert.run()).isZero();
    assertThat(scene.openedSecret(convert)).isFalse();
  }

  /** Formats whose fields a reader divides by are not read: only their bytes are. */
  @ParameterizedTest
  @CsvSource({"parallels, WithoutFreeSpace", "bochs, Bochs Virtual HD Image"})
  void aDiskOfAnotherFormatWithZerosForItsGeometryIsRawCve20140142(String format, String magic) {
    Path image = scene.upload(VulnerabilityCases.withoutGeometry(magic));

    for (String words : new String[] {"info IMAGE", "map IMAGE", "convert -O raw IMAGE OUT"}) {
      String named = words.replaceFirst(" ", " -f " + format + " ");
      assertRefused(scene.asQemuImg(image, named), "Unknown driver '" + format + "'");
    }
    assertAnswers(scene.asQemuImg(image, "info IMAGE"), 0, "file format: raw\n");
    assertAnswers(scene.asQemuImg(image, "compare -F raw IMAGE IMAGE"), 0, "Images are identical.");
  }

  @ParameterizedTest
  @ValueSource(longs = {4_194_305, 0x7fff_ffffL, 0x8000_0000L, 0xffff_ffffL})
  void aSnapshotWithAnL1TableOverTheLimitIsRefusedCve20140143(long entries) {
    Path image =
        scene.upload(
            Ground.VERSION_2,
            surgeon -> {
              surgeon.setNumber(surgeon.get(HeaderField.SNAPSHOTS_OFFSET) + 8, 4, entries);
              surgeon.truncate(Ground.FAR_BYTES);
            });

    for (String words : new String[] {"convert -l 1 -O raw IMAGE OUT", "snapshot -a 1 IMAGE"}) {
      assertRefused(scene.asQemuImg(image, words), "Snapshot L1 table too large");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "HEADER_LENGTH, 0xffffffff, qcow2 header exceeds cluster size",
    "HEADER_LENGTH, 103, qcow2 header too short",
    "BACKING_FILE_OFFSET, 0x10001, Invalid backing file offset",
    "REFCOUNT_TABLE_CLUSTERS, 0xffffffff, Reference count table too large",
    "REFCOUNT_TABLE_OFFSET, 0x8000000000000000, Reference count table offset invalid",
    "NB_SNAPSHOTS, 0xffffffff, Snapshot table too large",
    "SNAPSHOTS_OFFSET, 0x8000000000000000, Snapshot table offset invalid",
    "L1_SIZE, 0xffffffff, Active L1 table too large",
    "L1_TABLE_OFFSET, 0x7fffffffffff0001, Active L1 table offset invalid",
  })
  void headersAreHeldAgainstTheLimitsCve20140144(HeaderField field, String value, String reason) {
    Path image =
        scene.upload(
            Ground.FULL,
            surgeon ->
                surgeon.set(
                    field,
                    Long.parseUnsignedLong(
                        value.replace("0x", ""), value.startsWith("0x") ? 16 : 10)));

    assertRefused(scene.asQemuImg(image, "info IMAGE"), reason);
    assertRefused(scene.asQemuImg(image, "convert -O raw IMAGE OUT"), reason);
  }

  @Test
  void aSnapshotWithALongerL1TableThanTheDisksIsAppliedInItsLengthCve20140145() {
    Path image = scene.upload(VulnerabilityCases.longerSnapshotL1Table());

    assertThat(scene.asQemuImg(image, "bench -w -c 1 -f qcow2 IMAGE").run().exitCode()).isZero();

    String comparison = "compare -f qcow2 -F raw IMAGE SOUND";
    assertAnswers(scene.asQemuImg(image, comparison), 1, "Content mismatch at offset 0!");

    assertAnswers(scene.asQemuImg(image, "snapshot -a 1 IMAGE"), 0, "");

    assertAnswers(scene.asQemuImg(image, comparison), 0, "Images are identical.");
    assertAnswers(scene.asQemuImg(image, "check IMAGE"), 0, "No errors were found on the image.");
    try (ImageSurgeon applied = ImageSurgeon.open(image)) {
      assertThat(applied.get(HeaderField.L1_SIZE)).isEqualTo(64);
    }
  }

  @Test
  void aFailureBehindTheSnapshotFieldsIsOneLineCve20140146() {
    Path image =
        scene.upload(
            Ground.FULL,
            surgeon -> surgeon.setNumber(surgeon.get(HeaderField.SNAPSHOTS_OFFSET) + 36, 4, 1025));

    assertRefused(
        scene.asQemuImg(image, "info IMAGE"), "Too much extra metadata in snapshot table entry 0");
  }

  @Test
  void aCounterThatIsFullRefusesTheSnapshotCve20140147() {
    Path image = scene.upload(VulnerabilityCases.fullCounter());

    Encounter create = scene.asQemuImg(image, "snapshot -c third IMAGE");

    assertThat(create.run().exitCode()).as("%s", create.run()).isEqualTo(1);
    assertThat(create.run().stderr().lines()).hasSize(1);
    assertThat(scene.asQemuImg(image, "snapshot -l IMAGE").run().stdout()).doesNotContain("third");
  }

  @ParameterizedTest
  @ValueSource(strings = {"CVE-2014-0222", "CVE-2014-0223"})
  void theFirstVersionOfTheFormatIsNotReadAtAll(String cve) {
    Path image = scene.upload(Ground.FULL, surgeon -> surgeon.set(HeaderField.VERSION, 1));

    Encounter info = scene.asQemuImg(image, "info -f qcow2 IMAGE");

    assertRefused(info, "Unsupported qcow2 version 1");
    assertThat(scene.asQcow4j(image, "verify IMAGE").run().exitCode())
        .as(cve)
        .isEqualTo(OBJECTIONABLE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          info IMAGE             | 0 | virtual size: 2 PiB (2251799813685248 bytes) | 0
          check IMAGE            | 2 | 66217 errors were found on the image. | 66217
          map IMAGE              | 0 | Offset          Length          Mapped to       File | 0
          measure -O qcow2 IMAGE | 0 | required size: 343650009088 | 0
          snapshot -l IMAGE      | 0 | Snapshot list: | 0
          """)
  void aLargeTableOfEveryKindInATinyFileTakesNoMemoryCve20155162(
      String words, int exitCode, String answer, int errors) {
    Path image = scene.upload(VulnerabilityCases.largeTablesOfEveryKind());

    OurRun run = scene.asQemuImg(image, words).run();
    assertThat(run.exitCode()).as(words).isEqualTo(exitCode);
    assertThat(run.stdout().contains(answer)).as(words).isTrue();
    assertThat(run.stderr().lines()).as(words).hasSize(errors);
  }

  @Test
  void aBackingFileOfTheHostsIsNotGivenAwayCve20155163() {
    Path image = scene.overlay(scene.secret().toString(), "raw");

    assertKept(image);
    assertThat(scene.asQcow4j(image, "verify IMAGE").run().stdout()).contains("backing-file");
  }

  @Test
  void theVirtualSizeOfATinyFileCanBeLimitedGhsa2w875qcjJ6gx() {
    Path image = scene.upload(VulnerabilityCases.largeDiskInATinyFile());

    Encounter convert = scene.asQcow4j(image, "convert --max-size=1G -O raw IMAGE OUT");
    Encounter tooLarge = scene.asQcow4j(image, "convert --max-size=100M -O raw IMAGE OUT");

    assertThat(convert.run().exitCode()).as("%s", convert.run()).isZero();
    assertThat(tooLarge.run().exitCode()).isEqualTo(1);
    assertThat(tooLarge.run().stderr().lines()).hasSize(1);
    assertThat(scene.asQcow4j(image, "verify --max-size=100M IMAGE").run().exitCode())
        .isEqualTo(OBJECTIONABLE);
  }

  @Test
  void aDiskDescriptionOfAnotherFormatLeadsNowhereCve202247951() {
    Path image = scene.upload(VulnerabilityCases.diskDescription(scene.secret()));

    Encounter named = scene.asQemuImg(image, "convert -f vmdk -O raw IMAGE OUT");
    Encounter guessed = scene.asQemuImg(image, "convert -O raw IMAGE OUT");

    assertRefused(named, "Unknown driver 'vmdk'");
    assertThat(scene.openedSecret(named) || scene.openedSecret(guessed)).isFalse();
    assertThat(scene.asQcow4j(image, "verify IMAGE").run().exitCode()).isEqualTo(OBJECTIONABLE);
  }

  @Test
  void anExternalDataFileOfTheHostsIsNotGivenAwayCve202432498() {
    Path image = scene.withDataFile(scene.secret().toString());

    assertKept(image);
    assertThat(scene.asQcow4j(image, "verify IMAGE").run().stdout()).contains("data-file");
  }

  @Test
  void infoOpensNoDataFileWhateverItIsCalledCve20244467() {
    for (String name :
        new String[] {
          scene.secret().toString(),
          "json:{\"driver\":\"file\",\"filename\":\"" + scene.secret() + "\"}",
          "json:{\"driver\":\"null-co\",\"size\":\"8E\"}"
        }) {
      Path image = scene.withDataFile(name);

      Encounter info = scene.asQemuImg(image, "info --output=json IMAGE");

      assertThat(info.run().exitCode()).as("%s", info.run()).isZero();
      assertThat(info.calls()).filteredOn(call -> call.is("open")).hasSize(1);
      scene.assertSecretUntouched();
    }
  }

  @Test
  void anEncryptedImageWithoutItsHeaderExtensionIsRefusedAndNotFollowedIntoNothing() {
    Path image = scene.upload(Ground.FULL, surgeon -> surgeon.set(HeaderField.CRYPT_METHOD, 2));

    assertRefused(scene.asQemuImg(image, "info IMAGE"), "Missing CRYPTO header for crypt method 2");
  }

  @Test
  void whatIsSaidToBeRawAndIsNotIsObjectedToCve202440767() {
    Path image = scene.upload(Ground.FULL, surgeon -> {});

    assertThat(scene.asQcow4j(image, "verify -f raw IMAGE").run().exitCode())
        .isEqualTo(OBJECTIONABLE);
    assertThat(scene.asQcow4j(image, "verify -f qcow2 IMAGE").run().exitCode()).isZero();
    assertThat(scene.asQcow4j(scene.raw(), "verify -f raw IMAGE").run().exitCode()).isZero();
  }

  @Test
  void whateverCouldHarmAHostIsObjectedToBeforeItIsUsedCve202444082() {
    for (HostileCase harmful : VulnerabilityCases.harmful()) {
      Path image = scene.upload(harmful);
      Encounter verify = scene.asQcow4j(image, "verify IMAGE");
      assertThat(verify.run().exitCode()).as("%s", verify.run()).isEqualTo(OBJECTIONABLE);
      assertThat(verify.calls())
          .filteredOn(call -> call.is("open"))
          .allMatch(call -> image.equals(call.path()));
    }
  }

  @Test
  void aResizeFollowsNoHeaderThatAGuestWroteCve202624708() throws IOException {
    Path disk = scene.withDataFile(scene.secret().toString());
    byte[] before = Files.readAllBytes(disk);

    Encounter denied = scene.asQcow4j(disk, "resize --references=deny IMAGE 2M");
    Encounter aside = scene.asQcow4j(disk, "resize --references=same-dir --shrink IMAGE 64k");

    assertThat(denied.run().exitCode()).isEqualTo(1);
    assertThat(aside.run().exitCode()).isEqualTo(1);
    assertThat(scene.openedSecret(denied) || scene.openedSecret(aside)).isFalse();
    assertThat(Files.readAllBytes(disk)).isEqualTo(before);

    Encounter raw = scene.asQemuImg(disk, "resize -f raw IMAGE 2M");

    assertThat(raw.run().exitCode()).as("%s", raw.run()).isZero();
    assertThat(scene.openedSecret(raw)).isFalse();
    assertThat(Files.size(disk)).isEqualTo(2 << 20);
    scene.assertSecretUntouched();
  }

  /** With a policy that keeps images to themselves no command opens the host's file. */
  private void assertKept(Path image) {
    scene.assertNoCommandOpensMoreThan(image, "deny");
    scene.assertNoCommandOpensMoreThan(image, "same-dir");
    Encounter convert = scene.asQcow4j(image, "convert --references=deny -O raw IMAGE OUT");
    assertThat(convert.run().exitCode()).isEqualTo(1);
    assertThat(convert.run().stderr()).contains(scene.secret().toString());
  }

  /** Says this, among other things, and nothing on standard error. */
  private static void assertAnswers(Encounter encounter, int exitCode, String answer) {
    assertThat(encounter.run().exitCode()).as("%s", encounter.run()).isEqualTo(exitCode);
    assertThat(encounter.run().stdout()).contains(answer);
    assertThat(encounter.run().stderr()).isEmpty();
  }

  private static void assertRefused(Encounter encounter, String reason) {
    assertThat(encounter.run().exitCode()).as("%s", encounter.run()).isEqualTo(1);
    assertThat(encounter.run().stderr()).contains(reason);
    assertThat(Answer.lines(encounter.run().stderr()))
        .isLessThanOrEqualTo(encounter.command().mostLines());
  }
}
