package names

import (
	"testing"

	"go.opentelemetry.io/otel/attribute"
	genai "go.opentelemetry.io/otel/semconv/v1.41.0" // the last that has them
	"go.opentelemetry.io/otel/semconv/v1.41.0/genaiconv"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

func TestNamesAreTheConventions(t *testing.T) {
	for got, want := range map[string]attribute.Key{
		ErrorType:            semconv.ErrorTypeKey,
		GenAIOperation:       genai.GenAIOperationNameKey,
		GenAIProvider:        genai.GenAIProviderNameKey,
		GenAIAgent:           genai.GenAIAgentNameKey,
		GenAIModel:           genai.GenAIRequestModelKey,
		GenAIServedModel:     genai.GenAIResponseModelKey,
		GenAIMaxTokens:       genai.GenAIRequestMaxTokensKey,
		GenAITemperature:     genai.GenAIRequestTemperatureKey,
		GenAITopP:            genai.GenAIRequestTopPKey,
		GenAIChoices:         genai.GenAIRequestChoiceCountKey,
		GenAIFinish:          genai.GenAIResponseFinishReasonsKey,
		GenAIInputTokens:     genai.GenAIUsageInputTokensKey,
		GenAICachedTokens:    genai.GenAIUsageCacheReadInputTokensKey,
		GenAIOutputTokens:    genai.GenAIUsageOutputTokensKey,
		GenAITokenType:       genai.GenAITokenTypeKey,
		MessagingSystem:      semconv.MessagingSystemKey,
		MessagingDestination: semconv.MessagingDestinationNameKey,
		MessagingPartition:   semconv.MessagingDestinationPartitionIDKey,
		MessagingConsumer:    semconv.MessagingConsumerGroupNameKey,
		MessagingOperation:   semconv.MessagingOperationNameKey,
		MessagingType:        semconv.MessagingOperationTypeKey,
		MessagingMessageID:   semconv.MessagingMessageIDKey,
		ServiceName:          semconv.ServiceNameKey,
		ServiceVersion:       semconv.ServiceVersionKey,
		ServiceInstance:      semconv.ServiceInstanceIDKey,
	} {
		if attribute.Key(got) != want {
			t.Errorf("%s is %s in the conventions", got, want)
		}
	}
	for got, want := range map[string]attribute.KeyValue{
		GenAICompletion: genai.GenAIOperationNameTextCompletion,
		GenAIWorkflow:   genai.GenAIOperationNameInvokeWorkflow,
		GenAITokenInput: genai.GenAITokenTypeInput, GenAITokenOutput: genai.GenAITokenTypeOutput,
		SpanSend:    semconv.MessagingOperationTypeSend,
		SpanProcess: semconv.MessagingOperationTypeProcess,
	} {
		if got != want.Value.AsString() {
			t.Errorf("%s is %s in the conventions", got, want.Value.AsString())
		}
	}
	for got, want := range map[string]string{
		GenAIDuration: genaiconv.ClientOperationDuration{}.Name(), GenAITokensUsed: genaiconv.ClientTokenUsage{}.Name(),
	} {
		if got != want {
			t.Errorf("an instrument is %s, %s in the conventions", got, want)
		}
	}
	if SchemaURL != semconv.SchemaURL {
		t.Errorf("schema is %s, names are those of %s", SchemaURL, semconv.SchemaURL)
	}
}
