// One row per provider id; what a row does not say is as in `safeQuirks`. Sources: the vendors' API references and the
// recorded exchanges in test/fixtures/providers.
import type { QuirkRow } from './quirks.ts'

const sampling = ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'logprobs', 'top_logprobs']

/** Models that think before they answer take neither sampling settings nor stop texts. */
const thinkers = '^(?:openai/)?(?:o\\d|gpt-[5-9](?!.*-chat)|codex-)'

const openai: QuirkRow = {
  maxTokensField: 'max_completion_tokens',
  allowedParams: [...sampling, 'stop', 'seed', 'response_format', 'user', '*'],
  reasoningFields: ['reasoning_content'],
  reasoningParam: 'none',
  contentParts: 'list',
  refusalField: true,
  schemaDialect: 'openai-strict',
  models: [
    {
      match: thinkers,
      systemRole: 'developer',
      allowedParams: ['seed', 'response_format', 'user', 'reasoning_effort', '*'],
      reasoningParam: 'effort',
      efforts: ['none', 'low', 'medium', 'high', 'xhigh'],
    },
    {
      match: '^(?:openai/)?o\\d',
      efforts: ['low', 'medium', 'high'],
      supportsParallelToolsParam: false,
    },
    {
      match: '^(?:openai/)?gpt-5(?:-mini|-nano|-pro|-codex|-\\d{4}|$)',
      efforts: ['minimal', 'low', 'medium', 'high'],
    },
    { match: '^(?:openai/)?o1-(?:mini|preview)', systemRole: 'user', reasoningParam: 'none' },
    { match: '-search-preview', allowedParams: ['response_format', 'user', '*'] },
  ],
}

/** Servers on this machine or network: what they do not know they ignore. */
const local: QuirkRow = {
  allowedParams: [...sampling, 'stop', 'seed', 'top_k', 'response_format', 'reasoning_effort', 'user', '*'],
  echoReasoning: 'optional',
  maxStops: 16,
}

const glm: QuirkRow = {
  allowedParams: ['temperature', 'top_p', 'stop', 'response_format', 'user', '*'],
  renames: { user: 'user_id' },
  reasoningFields: ['reasoning_content'],
  reasoningParam: 'thinking',
  echoReasoning: 'optional',
  supportsParallelToolsParam: false,
  toolChoices: 'auto',
  schemaDialect: 'none',
  maxStops: 1,
}

const qwen: QuirkRow = {
  allowedParams: [
    'temperature',
    'top_p',
    'top_k',
    'presence_penalty',
    'stop',
    'seed',
    'response_format',
    '*',
  ],
  reasoningFields: ['reasoning_content'],
  reasoningParam: 'enable_thinking',
}

const kimi: QuirkRow = {
  allowedParams: [...sampling, 'stop', 'response_format', '*'],
  reasoningFields: ['reasoning_content'],
  reasoningParam: 'thinking',
  echoReasoning: 'optional',
  usageInStream: 'finish',
  models: [{ match: '^kimi-k(?:2\\.[5-9]|[3-9])', allowedParams: ['stop', 'response_format', '*'] }],
}

export const quirkRows: Readonly<Record<string, QuirkRow>> = {
  openai,
  azure: { ...openai, authHeader: 'api-key' },
  'azure-cognitive-services': { ...openai, authHeader: 'api-key' },
  'github-models': openai,

  groq: {
    maxTokensField: 'max_completion_tokens',
    allowedParams: [
      'temperature',
      'top_p',
      'stop',
      'seed',
      'response_format',
      'user',
      'reasoning_effort',
      'reasoning_format',
      'include_reasoning',
      'service_tier',
      'search_settings',
      'documents',
      'citation_options',
      'compound_custom',
    ],
    reasoningFields: ['reasoning'],
    messageName: 'drop',
    usageInStream: 'x_groq',
    models: [
      { match: 'gpt-oss', efforts: ['low', 'medium', 'high'] },
      { match: '^(?!.*(?:gpt-oss|qwen))', reasoningParam: 'none' },
    ],
  },
  mistral: {
    allowedParams: [
      'temperature',
      'top_p',
      'presence_penalty',
      'frequency_penalty',
      'stop',
      'seed',
      'response_format',
      'prediction',
      'safe_prompt',
      'prompt_mode',
    ],
    renames: { seed: 'random_seed' },
    reasoningFields: [],
    reasoningParam: 'none',
    toolIdPattern: '^[a-zA-Z0-9]{9}$',
    emptyAssistantContent: '',
    contentParts: 'list',
    messageName: 'drop',
    usageInStream: 'finish',
    supportsStreamOptions: false,
  },
  deepseek: {
    allowedParams: [...sampling, 'stop', 'response_format', '*'],
    reasoningFields: ['reasoning_content'],
    echoReasoning: 'required',
    reasoningParam: 'thinking',
    supportsParallelToolsParam: false,
    usageInStream: 'finish',
    schemaDialect: 'none',
    finishReasons: { insufficient_system_resource: 'error' },
    maxStops: 16,
  },
  xai: {
    maxTokensField: 'max_completion_tokens',
    allowedParams: [...sampling, 'stop', 'seed', 'response_format', 'user', '*'],
    reasoningFields: ['reasoning_content'],
    reasoningParam: 'none',
    models: [
      {
        match: '^grok-(?:3-mini|4)',
        allowedParams: ['temperature', 'top_p', 'seed', 'response_format', 'user', '*'],
      },
      { match: '^grok-3-mini', reasoningParam: 'effort', efforts: ['low', 'high'] },
    ],
  },
  openrouter: {
    allowedParams: [...sampling, 'stop', 'seed', 'top_k', 'response_format', 'user', '*'],
    reasoningFields: ['reasoning'],
    reasoningParam: 'object',
    echoReasoning: 'optional',
    contentParts: 'list',
  },
  togetherai: {
    allowedParams: [...sampling, 'stop', 'seed', 'top_k', 'response_format', 'reasoning_effort', '*'],
    reasoningFields: ['reasoning', 'reasoning_content'],
    supportsParallelToolsParam: false,
    finishReasons: { eos: 'stop' },
  },
  'fireworks-ai': {
    allowedParams: [...sampling, 'stop', 'seed', 'top_k', 'response_format', 'reasoning_effort', 'user', '*'],
    reasoningFields: ['reasoning_content'],
  },
  cerebras: {
    maxTokensField: 'max_completion_tokens',
    allowedParams: [
      'temperature',
      'top_p',
      'stop',
      'seed',
      'response_format',
      'user',
      'reasoning_effort',
      'clear_thinking',
      'disable_reasoning',
    ],
    reasoningFields: ['reasoning'],
    messageName: 'drop',
    models: [
      { match: 'gpt-oss', efforts: ['low', 'medium', 'high'] },
      { match: '^(?!.*gpt-oss)', reasoningParam: 'none' },
    ],
  },
  perplexity: {
    allowedParams: [
      'temperature',
      'top_p',
      'top_k',
      'presence_penalty',
      'frequency_penalty',
      'response_format',
      '*',
    ],
    reasoningParam: 'none',
    supportsParallelToolsParam: false,
    supportsStreamOptions: false,
    usageInStream: 'every',
    models: [{ match: 'deep-research', reasoningParam: 'effort', efforts: ['low', 'medium', 'high'] }],
  },
  nvidia: {
    allowedParams: [...sampling, 'stop', 'seed', 'response_format', 'chat_template_kwargs'],
    reasoningParam: 'none',
    messageName: 'drop',
  },
  huggingface: { reasoningFields: ['reasoning_content', 'reasoning'] },
  moonshotai: kimi,
  'moonshotai-cn': kimi,
  zai: glm,
  'zai-coding-plan': glm,
  zhipuai: glm,
  'zhipuai-coding-plan': glm,
  alibaba: qwen,
  'alibaba-cn': qwen,
  'alibaba-coding-plan': qwen,
  'alibaba-coding-plan-cn': qwen,
  'alibaba-token-plan': qwen,
  'alibaba-token-plan-cn': qwen,
  'snowflake-cortex': { maxTokensField: 'max_completion_tokens', contentParts: 'list' },
  crusoe: { reasoningFields: ['reasoning'], echoReasoning: 'optional' },

  ollama: {
    ...local,
    reasoningFields: ['reasoning'],
    imageUrls: 'inline',
    supportsParallelToolsParam: false,
  },
  'ollama-cloud': {
    ...local,
    reasoningFields: ['reasoning'],
    imageUrls: 'inline',
    supportsParallelToolsParam: false,
  },
  lmstudio: { ...local, imageUrls: 'inline' },
  vllm: { ...local, contentParts: 'list' },
  'llama-cpp': local,
  simulator: local,
}
