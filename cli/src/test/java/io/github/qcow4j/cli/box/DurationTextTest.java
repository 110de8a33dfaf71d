package io.github.qcow4j.cli.box;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.snapshot.error.InvalidRequestException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

final class DurationTextTest {

  @Test
  void spansAreReadAsPeopleAndIso8601WriteThem() throws Exception {
    assertThat(DurationText.parse("0s")).isEqualTo(Duration.ZERO);
    assertThat(DurationText.parse("90s")).isEqualTo(Duration.ofSeconds(90));
    assertThat(DurationText.parse("30m")).isEqualTo(Duration.ofMinutes(30));
    assertThat(DurationText.parse("12h")).isEqualTo(Duration.ofHours(12));
    assertThat(DurationText.parse("7d")).isEqualTo(Duration.ofDays(7));
    assertThat(DurationText.parse("2w")).isEqualTo(Duration.ofDays(14));
    assertThat(DurationText.parse("1d12h")).isEqualTo(Duration.ofHours(36));
    assertThat(DurationText.parse("PT30M")).isEqualTo(Duration.ofMinutes(30));
    assertThat(DurationText.parse("p7d")).isEqualTo(Duration.ofDays(7));
    assertThat(DurationText.parse("P2W")).isEqualTo(Duration.ofDays(14));
    assertThat(DurationText.parse("P1DT12H")).isEqualTo(Duration.ofHours(36));
  }

  @Test
  void whatIsNoSpanIsRefusedWithExamples() {
    for (String bad : List.of("", "7", "d", "-1d", "7 d", "1.5h", "1y", "PT", "-PT1H", "7D")) {
      assertThatThrownBy(() -> DurationText.parse(bad))
          .as(bad)
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("12h");
    }
  }
}
